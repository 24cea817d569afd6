// How texts for people name the subject of a finding and its source: each name once.

import type { ReportedFinding, ReportedRunProblem } from '../guard-report.ts';

type Named = Pick<ReportedFinding, 'subject' | 'source'>;

/** Names the subject, and where it was found. */
export function findingTitle(finding: Named & Pick<ReportedFinding, 'violations' | 'problems'>): string {
  const place = ownSourceName(finding, titleLineOf(finding));
  const separator = place === '' ? '' : place.startsWith('(') ? ' ' : '  ';
  return `${subjectOf(finding)}${separator}${place}`;
}

/** Names the subject, without its source. */
export function subjectOf({ subject }: Pick<Named, 'subject'>): string {
  const { component, kind, name, node, container } = subject;
  if (kind === 'Node') return `${component} on ${name}${container === undefined ? '' : `, ${container}`}`;
  const isRepeated = node === undefined || name === node || name.endsWith(`-${node}`);
  return [
    kind ?? component,
    ...((kind ?? component) === name ? [] : [fullNameOf(subject)]),
    ...(container === undefined || container === component ? [] : [`container ${container}`]),
    ...(isRepeated ? [] : [`on ${node}`]),
  ].join(' ');
}

/** Names the subject in a list of subjects of one kind: by its file, if it was found in one. */
export function listedNameOf(finding: Named & Pick<ReportedFinding, 'violations' | 'problems'>): string {
  const { subject, source } = finding;
  if ('path' in source) return sourceName(source, titleLineOf(finding));
  const { component, kind, container } = subject;
  const name = kind === 'Node' ? subject.name : fullNameOf(subject);
  return container === undefined || container === component ? name : `${name} (${container})`;
}

/** What subjects of its kind are called: a component on its node, or the kind of an object. */
export function nounOf({ component, kind }: ReportedFinding['subject'], count: number): string {
  const noun = kind === undefined || kind === 'Node' ? component : kind;
  return count === 1 || noun.endsWith('s') ? noun : `${noun}s`;
}

/** The line that a finding is about. A line of another file stands beside that file's name, unless a pointer is in the source. */
export function titleLineOf({
  violations,
  problems,
}: Pick<ReportedFinding, 'violations' | 'problems'>): number | undefined {
  return [...violations, ...problems].find(
    ({ line, file, pointer }) => line !== undefined && (file === undefined || pointer !== undefined),
  )?.line;
}

/** Names a source by itself. */
export function sourceName(source: ReportedRunProblem['source'], line?: number): string {
  if ('object' in source) return source.object;
  if ('node' in source) return `${source.via === 'flagz' ? 'kube-apiserver' : 'node'} ${source.node} (${source.via})`;
  const path = source.path === '-' ? 'standard input' : source.path;
  if (line !== undefined) return `${path}:${line}`;
  return 'document' in source && source.document > 0 ? `${path} (document ${source.document + 1})` : path;
}

/** Names a source beside the name of its subject. Empty if the subject is the source. */
export function ownSourceName({ subject, source }: Named, line?: number): string {
  if ('node' in source && (source.node === subject.node || source.node === subject.name)) return `(${source.via})`;
  if ('object' in source && source.object === `${subject.kind ?? ''} ${fullNameOf(subject)}`) return '';
  return sourceName(source, line);
}

function fullNameOf({ namespace, name }: ReportedFinding['subject']): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
