// The cases of docs/comparison.md, in test/fixtures/comparison.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';

export interface CaseContainer {
  readonly command: readonly string[];
  readonly args: readonly string[];
}

/** A pod of kube-apiserver. */
export interface PodCase {
  readonly containers: readonly CaseContainer[];
  /** The words of kube-apiserver's process. */
  readonly argv: readonly string[];
  /** Whether kube-apiserver starts with them. */
  readonly starts: boolean;
}

/** Reads the pod of a case. */
export function podCase(path: string): PodCase {
  const { spec } = parse(readFileSync(path, 'utf8')) as { spec: { containers: readonly Partial<CaseContainer>[] } };
  const containers = spec.containers.map(({ command = [], args = [] }) => ({ command, args }));
  const [{ command, args } = { command: [], args: [] }] = containers;
  const [, script] = /^exec (.*)$/.exec(command[2] ?? '') ?? [];
  const argv = script === undefined ? [...command, ...args] : script.split(' ');
  return { containers, argv, starts: !argv.some((word) => word.startsWith('--kubelet-client-key-file')) };
}

/** Reads the unit and the files of a kubelet. The folder is the root of its host. */
export function kubeletCase(root: string): {
  readonly args: readonly string[];
  readonly files: Readonly<Record<string, string>>;
} {
  const unit = readFileSync(join(root, 'etc/systemd/system/kubelet.service'), 'utf8');
  const [, ...args] = (/^ExecStart=(.*)$/m.exec(unit)?.[1] ?? '').split(' ');
  const paths = ['var/lib/kubelet/config.yaml'];
  const dropIns = 'etc/kubernetes/kubelet.conf.d';
  if (existsSync(join(root, dropIns)))
    paths.push(...readdirSync(join(root, dropIns)).map((name) => `${dropIns}/${name}`));
  const read = paths.filter((path) => existsSync(join(root, path)));
  return { args, files: Object.fromEntries(read.map((path) => [path, readFileSync(join(root, path), 'utf8')])) };
}
