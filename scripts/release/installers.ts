// The manifests of krew (kubectl plugins) and Homebrew, which say where to download a release, and its digests.

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { stringify } from 'yaml';

import { npmName } from './npm-package.ts';
import { archiveName, MACHINES, type Release } from './release.ts';

/** Writes both. The files that they name are built already. */
export function writeInstallers(release: Release): void {
  writeFileSync(join(release.output, 'krew-kubelet-guard.yaml'), stringify(krew(release), { lineWidth: 0 }));
  writeFileSync(join(release.output, 'homebrew-kubelet-guard.rb'), formula(release));
}

/** The SHA-256 digest of a file, in hexadecimal. */
export function digestOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function krew(release: Release): unknown {
  return {
    apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
    kind: 'Plugin',
    metadata: { name: 'kubelet-guard' },
    spec: {
      version: `v${release.version}`,
      homepage: release.homepage,
      shortDescription: 'Check that API server and kubelets authenticate each other',
      description: [
        'Asks every kubelet which client CAs it accepts, and every kube-apiserver which client certificate it presents',
        '(CIS Kubernetes Benchmark 1.2.4 and 4.2.3). It changes nothing.',
        'Try: kubectl kubelet-guard sweep\n',
      ].join('\n'),
      platforms: MACHINES.map((machine) => ({
        selector: { matchLabels: { os: 'linux', arch: machine.name } },
        uri: `${release.downloads}/${archiveName(release, machine)}`,
        sha256: digestOf(join(release.output, archiveName(release, machine))),
        bin: 'kubelet-guard',
      })),
    },
  };
}

/** Homebrew has Node, on macOS and on Linux: the npm package is enough. */
function formula(release: Release): string {
  return `class KubeletGuard < Formula
  desc "Checks that kube-apiserver and kubelets authenticate each other"
  homepage "${release.homepage}"
  url "${release.downloads}/${npmName(release)}"
  sha256 "${digestOf(join(release.output, npmName(release)))}"
  license "Apache-2.0"

  depends_on "node"

  def install
    system "npm", "install", *std_npm_args
    bin.install_symlink libexec.glob("bin/*")
    generate_completions_from_executable(bin/"kubelet-guard", "completion", shells: [:bash, :zsh, :fish])
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/kubelet-guard --version")
  end
end
`;
}
