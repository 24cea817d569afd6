// The files and commands that a document gives to a node of k3s or RKE2.

import { asRecord, asRecords, asString, asText, stringOrEmpty } from '../../../json.ts';
import type { Problem } from '../../../policy/reading.ts';
import type { Budget } from '../../budget.ts';
import type { DeclaredFile } from '../../declared/files.ts';
import type { RancherConfig } from '../../host/launchers/rancher/arguments.ts';
import { decodeBase64 } from '../../values/base64.ts';
import { pointerOf, valueAt } from '../../values/shape.ts';
import { parseFirst } from '../../yaml/documents.ts';

/** What a document adds to the configuration of its nodes. */
export interface NodeFiles {
  /** The files of config.yaml.d, in the order in which they are read. */
  readonly configs: readonly RancherConfig[];
  readonly files: readonly DeclaredFile[];
  readonly doubts: readonly Problem[];
}

/** Paths that decide about the components of a node. */
const CONFIGURES = /\/etc\/rancher\/(?:k3s|rke2)\/config\.yaml|\/kubelet\.conf\.d\b|kubelet-arg|kube-apiserver-arg/;

/**
 * Reads a list of files as cloud-init writes them (`path`, `content`, `encoding`, `contentFrom`).
 *
 * @param names the way to the list in the document
 * @param own the file that the provider itself writes
 */
export function nodeFiles(object: unknown, names: readonly string[], own: string, budget: Budget): NodeFiles {
  const configs: { readonly path: string; readonly config: RancherConfig }[] = [];
  const files: DeclaredFile[] = [];
  const doubts: Problem[] = [];
  for (const [at, entry] of asRecords(valueAt(object, names)).entries()) {
    const path = stringOrEmpty(entry.path);
    const pointer = pointerOf([...names, String(at), 'content']);
    const text = textOf(entry);
    const isConfig = path.startsWith(`${own}.d/`) && /\.ya?ml$/i.test(path);
    if (text === undefined || path === own) {
      if (CONFIGURES.test(path)) doubts.push(hidden(`the file ${path}`, pointer));
    } else if (isConfig) {
      const parsed = parseFirst(text, budget);
      if (parsed && 'problem' in parsed) doubts.push(hidden(`the file ${path}`, pointer));
      else configs.push({ path, config: { keys: asRecord(parsed?.value), text: pointer } });
    } else files.push({ path, content: { text }, pointer });
  }
  const sorted = configs.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { configs: sorted.map(({ config }) => config), files, doubts };
}

function textOf({ content, encoding, contentFrom }: Readonly<Record<string, unknown>>): string | undefined {
  const text = asString(content);
  if (text === undefined || (contentFrom !== undefined && contentFrom !== null)) return undefined;
  switch (asText(encoding)) {
    case undefined:
      return text;
    case 'base64':
      return decodeBase64(text);
    default:
      return undefined;
  }
}

/**
 * Why commands or other texts of a document may change the configuration of its nodes.
 *
 * @param names the way to the text, or to the list of texts
 */
export function textDoubts(object: unknown, names: readonly string[]): Problem[] {
  const value = valueAt(object, names);
  const texts = Array.isArray(value) ? value : [value];
  return texts.flatMap((text, at) =>
    typeof text === 'string' && CONFIGURES.test(text)
      ? [hidden('a command', pointerOf(Array.isArray(value) ? [...names, String(at)] : names))]
      : [],
  );
}

/** A part of a document that may decide, and whose effect is not known. */
export function hidden(what: string, pointer: string): Problem {
  const message = `${what} may change the arguments of kube-apiserver or the kubelet, and what it does is not known; set the arguments in the document's own fields, or check the nodes with kubelet-guard node`;
  return { code: 'not-visible', message, origin: { layer: 'file', pointer } };
}
