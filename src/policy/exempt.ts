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
      names.some((name) => matches(exemption.subject, name)),
  );
}

/** Tells whether an exemption no longer applies: `expires` is its last day. */
export function isExpired({ expires }: Exemption, today: string): boolean {
  return expires < today;
}

/** The names under which an exemption can mean a finding's subject. */
function namesOf({ subject: { kind, namespace, name, node } }: Finding): string[] {
  const names: string[] = [];
  if (kind !== undefined) names.push(`${kind.toLowerCase()}/${name}`);
  if (kind !== undefined && namespace !== undefined) names.push(`${kind.toLowerCase()}/${namespace}/${name}`);
  if (node !== undefined) names.push(`node/${node}`);
  return names;
}

function matches(pattern: string, name: string): boolean {
  const kind = pattern.split('/', 1)[0] ?? '';
  const parts = `${kind.toLowerCase()}${pattern.slice(kind.length)}`.split('*').map(escape);
  return new RegExp(`^${parts.join('[^/]*')}$`).test(name);
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
