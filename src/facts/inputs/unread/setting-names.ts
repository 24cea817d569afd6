// The names of the settings that controls check, as files spell them: flags, fields, variables. Derived from the settings table.

import { API_SERVER_SETTINGS, KUBELET_SETTINGS } from '../../../policy/settings.ts';

/** The settings' flags. */
const SETTING_FLAGS: readonly string[] = [
  ...new Set([...Object.values(API_SERVER_SETTINGS), ...Object.values(KUBELET_SETTINGS)].map(({ flag }) => flag)),
];

/** The kubelet's fields, as the keys on the way to them. */
const SETTING_FIELDS: readonly (readonly string[])[] = Object.values(KUBELET_SETTINGS).map(({ field }) =>
  field.split('.'),
);

/** `client-ca-file`, `client_ca_file`, `clientCAFile`. */
function spellingsOf(flags: readonly string[]): string {
  return flags.map((flag) => flag.replaceAll('-', '[-_]?')).join('|');
}

/** The names in any spelling, as the source of a regular expression that ignores case. */
export const SETTING_SPELLINGS = spellingsOf(SETTING_FLAGS);

/** The same, but not the CA of the aggregation layer. */
function namesOf(flags: readonly string[]): string {
  return `(?<!requestheader[-_]?)(?:${spellingsOf(flags)})`;
}

/** A flag with its dashes, or a name that something is assigned to. */
function usedAs(names: string): RegExp {
  return new RegExp(`(?<![\\w-])--?${names}(?![\\w-])|${names}\\w{0,40}["']?[ \\t]{0,8}[:=]`, 'i');
}

const NAMES = namesOf(SETTING_FLAGS);
/** Names that are of kubelets in any context come first. */
const USED = [usedAs(namesOf(SETTING_FLAGS.filter(isUnambiguous))), usedAs(NAMES)];
const WHOLE = new RegExp(`^${NAMES}$`, 'i');
const PART = new RegExp(NAMES, 'i');
/** Where the JSON Pointers of patches begin that set arguments or configuration. Other paths are files. */
const POINTER = /^\/(?:spec|apiServer|authentication|authorization|cluster|machine|nodeRegistration)\//;

/** The name of a setting that a text uses, as the text writes it. A text that only mentions one in a sentence does not use it. */
export function settingUsedIn(text: string): { readonly name: string; readonly at: number } | undefined {
  const whole = POINTER.test(text) ? text.slice(text.lastIndexOf('/') + 1) : text;
  if (WHOLE.test(whole)) return { name: whole, at: 0 };
  for (const form of USED) {
    const used = form.exec(text);
    if (used !== null) return { name: PART.exec(used[0])?.[0] ?? used[0], at: used.index };
  }
  return undefined;
}

/** The name of the setting that a key sets. */
export function settingOfKey(key: string): string | undefined {
  return PART.test(key) ? key : undefined;
}

/** The field of a kubelet's configuration that keys lead to. */
export function fieldAt(keys: readonly string[]): string | undefined {
  const field = SETTING_FIELDS.find((path) => path.every((key, at) => keys[keys.length - path.length + at] === key));
  return field?.join('.');
}

/** Whether a name is of kubelets without its context: other programs have a `--client-ca-file`, too. */
export function isUnambiguous(name: string): boolean {
  return /kubelet/i.test(name);
}

/** Programs that are named after kubelets, and have settings of the same names. */
const ABOUT_KUBELETS = /kubelet(?!-(?:guard|csr-approver|serving-cert|rubber-stamp|exporter))/i;

/** Whether a text is about kubelets, so that a setting that other programs have, too, is a kubelet's. */
export function isAboutKubelets(text: string): boolean {
  return ABOUT_KUBELETS.test(text);
}
