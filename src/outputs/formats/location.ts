// Where a finding is, as the relative paths and stable identities that code-scanning services want.

import { findingKey } from '../../policy/finding-key.ts';
import type { ReportedFinding, ReportedRunProblem } from '../guard-report.ts';
import type { RenderContext } from '../render.ts';

/**
 * The path of a finding: its file, or for a running component the path of its object below `cluster`, as in
 * `cluster/Node/worker-1`, which no file has.
 */
export function findingPath({ source, subject }: Pick<ReportedFinding, 'source' | 'subject'>): string {
  if ('path' in source) return filePath(source.path);
  const { kind, namespace, name, component } = subject;
  return ['cluster', kind ?? component, ...(namespace === undefined ? [] : [namespace]), name].map(segment).join('/');
}

/** The path of a problem of the run. */
export function problemPath({ source }: Pick<ReportedRunProblem, 'source'>): string {
  if ('path' in source) return filePath(source.path);
  return 'object' in source ? `cluster/${segment(source.object)}` : `cluster/Node/${segment(source.node)}`;
}

/** Without `./` and empty segments; standard input has a name. */
function filePath(path: string): string {
  if (path === '-') return 'stdin';
  const segments = path.split('/').filter((part) => part !== '' && part !== '.');
  const relative = segments.join('/');
  return path.startsWith('/') ? `/${relative}` : relative === '' ? '.' : relative;
}

/** A name as one segment of a path. */
function segment(name: string): string {
  return name.replaceAll('/', '_');
}

/** Makes a path a URI reference: relative, or with the scheme `file` if the path is absolute. */
export function uriOf(path: string): string {
  const encoded = path.toWellFormed().split('/').map(encodeURIComponent).join('/');
  return path.startsWith('/') ? `file://${encoded}` : encoded;
}

/**
 * Makes what gives each finding its identity: a text that stays the same over runs, and if lines or documents move. It
 * follows from the control, the subject and the path; findings that share all of these are counted.
 */
export function identifier(digest: RenderContext['digest']): (finding: ReportedFinding) => string {
  const seen = new Map<string, number>();
  return ({ control, subject, source }) => {
    const text = [findingKey({ control: { slug: control }, subject }), findingPath({ source, subject })].join('\n');
    const count = seen.get(text) ?? 0;
    seen.set(text, count + 1);
    return digest(count === 0 ? text : `${text}\n${count}`);
  };
}
