import type { ProcessCommand, ProcessDocument, ProcessFiles } from '../../../src/policy/document.ts';

/** A file and the time of its last change. Without a time it was changed before the processes of these tests were started. */
export interface HostFile {
  readonly text: string;
  readonly changed?: Date;
}

export const STARTED = new Date('2026-03-01T12:00:00Z');
export const BEFORE = new Date('2026-03-01T11:00:00Z');
export const AFTER = new Date('2026-03-01T13:00:00Z');

/** Files by their paths. A folder contains all files whose paths begin with it. */
export function filesOf(entries: Readonly<Record<string, string | HostFile>>): ProcessFiles {
  const files = new Map(
    Object.entries(entries).map(([path, entry]) => [path, typeof entry === 'string' ? { text: entry } : entry]),
  );
  const below = (folder: string) =>
    [...files.keys()].filter((path) => path.startsWith(`${folder.replace(/\/+$/, '')}/`));
  const missing = { state: 'missing' } as const;
  return {
    readFile: (path) => {
      const file = files.get(path);
      return file === undefined ? missing : { state: 'read', text: file.text };
    },
    readBytes: (path) => {
      const file = files.get(path);
      return file === undefined ? missing : { state: 'read', bytes: Buffer.from(file.text) };
    },
    readDropIns: (directory) => {
      const found = below(directory);
      if (found.length === 0) return missing;
      const texts = found.filter((path) => path.endsWith('.conf')).sort();
      return texts.map((path) => ({ path, text: files.get(path)?.text ?? '' }));
    },
    readStaticPods: (directory) => {
      const found = below(directory).filter((path) => !path.slice(directory.length + 1).includes('/'));
      if (found.length === 0) return missing;
      const texts = found.sort().map((path) => ({ path, text: files.get(path)?.text ?? '' }));
      return { state: 'read', files: texts, problems: [] };
    },
    stat: (path) => {
      const changed = files.has(path)
        ? (files.get(path)?.changed ?? BEFORE)
        : below(path).length > 0
          ? (files.get(`${path}/`)?.changed ?? BEFORE)
          : undefined;
      if (changed === undefined) return missing;
      return { state: 'present', kind: 'file', mode: 0o644, owner: 0, group: 0, size: 0, changed };
    },
  };
}

/** A running process with these arguments, or with another kind of start. */
export function processOf(
  component: 'kubelet' | 'kube-apiserver',
  command: readonly string[] | ProcessCommand,
  files: Readonly<Record<string, string | HostFile>>,
  more: Partial<ProcessDocument> = {},
): ProcessDocument {
  return {
    form: 'process',
    source: { node: 'node-1', via: 'proc' },
    subject: { component, name: 'node-1', kind: 'Node', node: 'node-1' },
    view: 'running',
    command: 'by' in command ? command : { by: 'words', args: command },
    startedAt: STARTED,
    files: filesOf(files),
    problems: [],
    ...more,
  };
}

/** A KubeletConfiguration with this client CA file and further lines. */
export function configuration(clientCAFile: string, ...lines: readonly string[]): string {
  return [
    'apiVersion: kubelet.config.k8s.io/v1beta1',
    'kind: KubeletConfiguration',
    `authentication: {x509: {clientCAFile: ${JSON.stringify(clientCAFile)}}}`,
    ...lines,
    '',
  ].join('\n');
}

/** A drop-in that sets only the client CA file. */
export const dropIn = (clientCAFile: string) => configuration(clientCAFile);
