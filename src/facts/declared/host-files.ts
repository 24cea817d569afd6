// The files that are known of a host to be, as the processes of the host would read them.

import type { NamedText, ProcessFiles } from '../../policy/document.ts';
import type { MissingFile, UnreadableFile } from '../../policy/certificates.ts';
import type { Problem } from '../../policy/reading.ts';
import { joinPath } from '../values/paths.ts';
import { parseUnitText } from '../systemd/syntax.ts';

/** What is known of the files of a host. */
export interface KnownFiles {
  /** The text at a path; undefined if nothing is known of it. */
  readonly find: (path: string) => NamedText | UnreadableFile | undefined;
  /** The known files in a folder and below it, sorted by their paths. */
  readonly inside: (directory: string) => readonly NamedText[];
  /** Why the content of a path that is not known decides, and what to do next. */
  readonly missing: (path: string) => Problem;
}

/** What systemd, or a distribution of Kubernetes, reads only if it is there. */
const OPTIONAL = /^(?:\/(?:etc|run|lib|usr\/lib|usr\/local\/lib)\/systemd|\/etc\/rancher|\/var\/lib\/rancher)\//;
/** kubeadm writes it on every node, although its unit could do without. */
const WRITTEN_BY_KUBEADM = '/var/lib/kubelet/kubeadm-flags.env';

/**
 * The files of a host as a process sees them. A file that is not known is missing only if what names it can do without it.
 *
 * @param units the texts of the units and drop-ins, which say so of their environment files
 */
export function declaredFiles({ find, inside, missing }: KnownFiles, units: readonly NamedText[]): ProcessFiles {
  const optional = new Set(units.flatMap(optionalFiles));
  optional.delete(WRITTEN_BY_KUBEADM);
  const unknown = (path: string): MissingFile | UnreadableFile =>
    OPTIONAL.test(path) || optional.has(path) ? { state: 'missing' } : { state: 'unreadable', problem: missing(path) };
  const read = (path: string): ReturnType<ProcessFiles['readFile']> => {
    const found = find(joinPath(path, ''));
    if (found === undefined) return unknown(path);
    return 'state' in found ? found : { state: 'read', text: found.text };
  };
  return {
    readFile: read,
    readBytes: (path) => {
      const found = read(path);
      return found.state === 'read' ? { state: 'unreadable', problem: missing(path) } : found;
    },
    readDropIns: (directory) => {
      const files = inside(joinPath(directory, '')).filter(({ path }) => path.endsWith('.conf'));
      return files.length === 0 ? unknown(directory) : files;
    },
    readStaticPods: (directory) => {
      const files = inside(joinPath(directory, ''));
      return files.length === 0 ? unknown(directory) : { state: 'read', files, problems: [] };
    },
    stat: unknown,
  };
}

function optionalFiles({ path, text }: NamedText): string[] {
  const { settings } = parseUnitText(text, path);
  return settings.flatMap(({ key, value }) =>
    key === 'EnvironmentFile' && value.startsWith('-') ? [value.slice(1)] : [],
  );
}
