// The key of a finding: its control and its subject as one text, the same in every run. Stored reports contain it, so its
// format is fixed.

import type { Finding } from './finding.ts';

declare const KEY: unique symbol;

/** `control|component|kind|namespace|name|container`. An absent field is empty. `findingKey` makes it, `isFindingKey` checks it. */
export type FindingKey = string & { readonly [KEY]: true };

/** The fields of a key. */
export interface FindingKeyFields {
  /** The control's slug. */
  readonly control: string;
  readonly component: string;
  readonly kind: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string;
  /** Undefined if the object has no containers. */
  readonly container: string | undefined;
}

/** No name in Kubernetes contains a bar or a backslash. A name in a file can, and is escaped. */
const FIELD = String.raw`((?:[^\\|]|\\[\\|])*)`;
const FORMAT = new RegExp(`^${Array<string>(6).fill(FIELD).join('\\|')}$`);

/** Makes the key of a finding. Two findings have the same key if and only if all fields are the same. */
export function findingKey(finding: Pick<Finding, 'subject'> & { control: { readonly slug: string } }): FindingKey {
  const { component, kind = '', namespace = '', name, container = '' } = finding.subject;
  return joined([finding.control.slug, component, kind, namespace, name, container]);
}

/** Tells whether a text is a key. */
export function isFindingKey(text: string): text is FindingKey {
  return FORMAT.test(text);
}

/** Gives the fields of a key. */
export function parseFindingKey(key: FindingKey): FindingKeyFields {
  const [control = '', component = '', kind = '', namespace = '', name = '', container = ''] = fieldsOf(key);
  const optional = (field: string): string | undefined => (field === '' ? undefined : field);
  return {
    control,
    component,
    kind: optional(kind),
    namespace: optional(namespace),
    name,
    container: optional(container),
  };
}

/** Gives the key of the same finding about a subject of another name; the same key where its subject is not named `from`. */
export function renameSubject(key: FindingKey, from: string, to: string): FindingKey {
  const fields = fieldsOf(key);
  return fields[NAME] === from ? joined(fields.with(NAME, to)) : key;
}

const NAME = 4;

function fieldsOf(key: FindingKey): string[] {
  const fields = FORMAT.exec(key)?.slice(1) ?? [];
  return fields.map((field) => field.replace(/\\([\\|])/g, '$1'));
}

function joined(fields: readonly string[]): FindingKey {
  return fields.map((field) => field.replace(/[\\|]/g, String.raw`\$&`)).join('|') as FindingKey;
}
