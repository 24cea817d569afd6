// Reads `exemptions` of the configuration.

import type { Exemption } from '../../policy/control.ts';
import type { Entry, Fields, Located, TextPosition, YamlReader } from './yaml-reader.ts';

/** An exemption in the file, and its place. */
export type ConfiguredExemption = Located<Exemption>;

const KEYS = ['control', 'subject', 'reason', 'expires'] as const;

/**
 * `kind/name`, `kind/namespace/name` or `node/name`. A part has at most two wildcards, which limits the cost of matching:
 * the authors of objects choose the names that are matched.
 */
const PART = String.raw`(?=[^/])[A-Za-z0-9._:-]*(?:\*[A-Za-z0-9._:-]*){0,2}`;
const SUBJECT = new RegExp(`^(?!node/[^/]*/)(?!.*\\*\\*)${PART}/${PART}(?:/${PART})?$`, 'i');

const REASON = { least: 10, most: 500 };

const WANTED = {
  subject:
    'subject must be kind/name, kind/namespace/name or node/name, such as "node/edge-*"; use at most two * in a part',
  reason: `reason must be one line of ${REASON.least} to ${REASON.most} characters: write why the subject is exempt, and the ticket`,
  expires: 'expires must be the last day of the exemption as YYYY-MM-DD, such as 2027-01-31',
};

/**
 * Reads the list of exemptions.
 *
 * @param slugs the slugs of all controls
 * @returns the exemptions without faults
 */
export function readExemptions(reader: YamlReader, entry: Entry, slugs: readonly string[]): ConfiguredExemption[] {
  const wanted = `exemptions must be a list; each exemption needs ${KEYS.join(', ')}`;
  const first = new Map<string, TextPosition>();
  return (reader.items(entry, wanted) ?? []).flatMap((item) => {
    const exemption = readExemption(reader, item, slugs);
    if (exemption === undefined) return [];
    const { control, subject } = exemption.value;
    const key = `${control} ${subject.toLowerCase()}`;
    const twin = first.get(key);
    if (twin !== undefined) {
      reader.fault(item, `line ${twin.line} already exempts ${subject} from ${control}: remove one of the two`);
    }
    first.set(key, exemption);
    return [exemption];
  });
}

function readExemption(reader: YamlReader, item: Entry, slugs: readonly string[]): ConfiguredExemption | undefined {
  const found: Partial<Record<(typeof KEYS)[number], string>> = {};
  const text = (key: keyof typeof WANTED, fits: (value: string) => boolean) => (entry: Entry) => {
    const read = reader.text(entry, fits, WANTED[key]);
    if (read !== undefined) found[key] = read.value;
  };
  const fields: Fields = {
    control: (entry) => {
      const read = reader.choice(entry, 'control', slugs);
      if (read !== undefined) found.control = read.value;
    },
    subject: text('subject', isSubject),
    reason: text('reason', isReason),
    expires: text('expires', isDay),
  };
  const seen = reader.fields(item, 'an exemption', fields);
  for (const key of seen === undefined ? [] : KEYS) {
    if (seen?.has(key) === false) reader.fault(item, `${key} is missing: an exemption needs ${KEYS.join(', ')}`);
  }
  const { control, subject, reason, expires } = found;
  if (control === undefined || subject === undefined || reason === undefined || expires === undefined) return undefined;
  return reader.locate(item, { control, subject, reason, expires });
}

function isSubject(value: string): boolean {
  return value.length <= 512 && SUBJECT.test(value);
}

function isReason(value: string): boolean {
  // the reason is written into logs and audit annotations
  return lengthOf(value.trim()) >= REASON.least && lengthOf(value) <= REASON.most && !/\p{Cc}/u.test(value);
}

/** The length in characters, as JSON Schema counts. */
function lengthOf(text: string): number {
  return Array.from(text).length;
}

function isDay(value: string): boolean {
  const date = /^\d{4}-\d\d-\d\d$/.test(value) ? new Date(`${value}T00:00:00Z`) : undefined;
  return date !== undefined && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value);
}
