// What reports and Events say about a finding, in words that cannot act on a terminal.

import type { Finding } from '../../policy/finding.ts';
import type { Source } from '../../policy/reading.ts';
import { cut } from '../admission/header-text.ts';
import { escapeLine } from '../printable.ts';

/** The longest text and name, in characters. */
const LIMITS = { text: 1024, name: 253 };

/** Describes a finding in a sentence or two: what is wrong, what is unknown, and the warnings. */
export function describe({ control, outcome }: Finding): string {
  const texts = [
    ...(outcome.result === 'fail' ? outcome.violations.map(({ message }) => message) : []),
    ...(outcome.result === 'pass' ? [control.title] : outcome.problems.map(({ message }) => `unknown: ${message}`)),
    ...outcome.warnings.map(({ message }) => `warning: ${message}`),
  ];
  return line(texts.join('; '));
}

/** Names the evidence that contradicts the deciding evidence, with its results. */
export function contradictionsOf({ others = [] }: Finding): string {
  const places = others.filter(({ agrees }) => !agrees);
  return line(places.map(({ source, result }) => `${result} by ${placeOf(source)}`).join('; '));
}

/** Names the source of a finding's evidence. */
export function placeOf(source: Source): string {
  if ('object' in source) return source.object;
  return 'path' in source ? source.path : `${source.via} of ${source.node}`;
}

/** Makes a text fit: one line of at most 1024 characters. */
export function line(text: string): string {
  return escapeLine(cut(text, LIMITS.text));
}

/** Makes a name fit. */
export function nameText(text: string): string {
  return escapeLine(cut(text, LIMITS.name));
}
