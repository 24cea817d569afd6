// The packages for Debian and Ubuntu (deb) and for Fedora, RHEL and SUSE (rpm): the executable, completion scripts, licenses.

import { copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { run, scratchFolder, type Machine, type Release } from './release.ts';

/** Where each file of an executable's folder is installed. */
const PLACES: Readonly<Record<string, string>> = {
  'kubelet-guard': '/usr/bin/kubelet-guard',
  'completions/bash': '/usr/share/bash-completion/completions/kubelet-guard',
  'completions/zsh': '/usr/share/zsh/vendor-completions/_kubelet-guard',
  'completions/fish': '/usr/share/fish/vendor_completions.d/kubelet-guard.fish',
  LICENSE: '/usr/share/doc/kubelet-guard/copyright',
  'LICENSES.txt': '/usr/share/doc/kubelet-guard/LICENSES.txt',
  'LICENSE-node.txt': '/usr/share/doc/kubelet-guard/LICENSE-node.txt',
};
const SUMMARY = 'Keeps the link between kube-apiserver and kubelets authenticated';

/** Builds both packages of a machine. */
export function buildLinuxPackages(release: Release, machine: Machine, executable: string): void {
  const root = scratchFolder(release, `root-${machine.name}`);
  for (const [from, to] of Object.entries(PLACES)) {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    cpSync(join(executable, from), join(root, to));
  }
  run(release, 'find', root, '-exec', 'chmod', 'u+w,go-w', '{}', '+');
  run(release, 'find', root, '-exec', 'touch', '--no-dereference', `--date=@${release.epoch}`, '{}', '+');
  buildRpm(release, machine, root);
  buildDeb(release, machine, root);
}

function buildDeb(release: Release, { name }: Machine, root: string): void {
  const control = [
    ['Package', 'kubelet-guard'],
    ['Version', release.version],
    ['Architecture', name],
    ['Maintainer', `kubelet-guard <${release.homepage}>`],
    ['Depends', 'libc6 (>= 2.28), libstdc++6, libatomic1'],
    ['Section', 'admin'],
    ['Priority', 'optional'],
    ['Homepage', release.homepage],
    ['Description', SUMMARY],
  ];
  mkdirSync(join(root, 'DEBIAN'));
  writeFileSync(join(root, 'DEBIAN/control'), control.map(([key, value]) => `${key}: ${value}\n`).join(''));
  const path = join(release.output, `kubelet-guard_${release.version}_${name}.deb`);
  run(release, 'dpkg-deb', '--root-owner-group', '-Zgzip', '-z6', '--build', root, path);
}

function buildRpm(release: Release, { name, rpm }: Machine, root: string): void {
  const top = scratchFolder(release, `rpm-${name}`);
  const spec = join(top, 'kubelet-guard.spec');
  writeFileSync(spec, specOf(release, root));
  const macros = {
    _topdir: top,
    _buildhost: 'reproducible',
    use_source_date_epoch_as_buildtime: '1',
    clamp_mtime_to_source_date_epoch: '1',
    _binary_payload: 'w3.zstdio',
    _build_id_links: 'none',
    debug_package: '%{nil}',
    __os_install_post: '%{nil}',
  };
  const defined = Object.entries(macros).flatMap(([key, value]) => ['--define', `${key} ${value}`]);
  run(release, 'rpmbuild', '-bb', '--quiet', '--target', `${rpm}-linux`, ...defined, spec);
  const file = `kubelet-guard-${release.version}-1.${rpm}.rpm`;
  copyFileSync(join(top, 'RPMS', rpm, file), join(release.output, file));
}

function specOf({ version, homepage }: Release, root: string): string {
  return `Name: kubelet-guard
Version: ${version}
Release: 1
Summary: ${SUMMARY}
License: Apache-2.0
URL: ${homepage}
AutoReqProv: no
Requires: glibc >= 2.28, libstdc++, libatomic

%description
${SUMMARY}.

%install
cp -a ${root}/. %{buildroot}

%files
${Object.values(PLACES)
  .map((path) => `%attr(${path.startsWith('/usr/bin/') ? '0755' : '0644'}, root, root) ${path}\n`)
  .join('')}`;
}
