// What the entries of a kubeconfig have in common: texts, and files that can stand in the kubeconfig themselves.

import type { KubeconfigEntry, FileOrText, KubeconfigFault } from './document.ts';

/** An entry of which only texts are read. */
export type Texts = Readonly<Record<string, string>>;

/** Makes the fault of an entry. The reason goes on after the entry's name. */
export type Fault = (reason: string) => KubeconfigFault;

/**
 * The file that a key names, or the text that the key with `-data` holds.
 *
 * @throws KubeconfigFault where the entry has both
 */
export function fileOrText(entry: KubeconfigEntry, key: string, fault: Fault): FileOrText | undefined {
  const { [key]: file = '', [`${key}-data`]: text = '' } = entry as Texts;
  if (file !== '' && text !== '') throw fault(`has both ${key} and ${key}-data: remove one of them`);
  if (file !== '') return { file };
  return text === '' ? undefined : { text };
}

/** A name as messages show it. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}
