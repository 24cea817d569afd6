import type { Exemption, Finding } from './types.ts';

/**
 * The exemption that applies to a finding. A pattern names a subject as `kind/name`, `kind/namespace/name` or `node/name`,
 * with `*` for any characters but a slash; the kind is read in any case.
 *
 * @param today the day in UTC, as YYYY-MM-DD
 * @returns the first exemption of the finding's control that is not expired and whose pattern matches
 */
export function exemptionOf(exemptions: readonly Exemption[], finding: Finding, today: string): Exemption | undefined {
  const names = namesOf(finding);
  return exemptions.find(
    (exemption) =>
      exemption.control === finding.control.slug &&
      !isExpired(exemption, today) &&
      names.some((name) => matcherOf(exemption).test(name)),
  );
}

/** Tells whether an exemption no longer applies: `expires` is its last day. */
export function isExpired({ expires }: Exemption, today: string): boolean {
  return expires < today;
}

/** The names under which an exemption can mean a finding's subject: by kind, shortest first, then by node. */
export function namesOf({ subject: { kind, namespace, name, node } }: Pick<Finding, 'subject'>): string[] {
  const names: string[] = [];
  if (kind !== undefined) names.push(`${kind.toLowerCase()}/${name}`);
  if (kind !== undefined && namespace !== undefined) names.push(`${kind.toLowerCase()}/${namespace}/${name}`);
  if (node !== undefined) names.push(`node/${node}`);
  return names;
}

const compiled = new WeakMap<Exemption, RegExp>();

function matcherOf(exemption: Exemption): RegExp {
  const known = compiled.get(exemption);
  if (known) return known;
  const [kind = ''] = exemption.subject.split('/', 1);
  const parts = `${kind.toLowerCase()}${exemption.subject.slice(kind.length)}`.split('*').map(escape);
  const matcher = new RegExp(`^${parts.join('[^/]*')}$`);
  compiled.set(exemption, matcher);
  return matcher;
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
