// The arguments of k3s and RKE2: those of their configuration files, then those of their command line (k3s
// pkg/configfilearg/parser.go), and how kubelet-arg and kube-apiserver-arg change the arguments of a component (pkg/util/args.go).

import { asArray, scalarText, type UnknownRecord } from '../../../../json.ts';
import type { Problem } from '../../../../policy/reading.ts';
import { HOLE, isKnown, shown, type Word } from '../../../argv/words.ts';
import { originAt } from '../../../argv/pflag.ts';

/** A value of one of k3s's or RKE2's own flags. */
export interface RancherArgument {
  /** The flag's name without dashes. */
  readonly name: string;
  readonly value: Word;
}

/** The keys of one configuration file. */
export interface RancherConfig {
  readonly keys: UnknownRecord;
  /** JSON Pointer of the keys, where origins are shown. */
  readonly pointer?: string;
  /** JSON Pointer of the text that holds the keys: the place of all of them. */
  readonly text?: string;
}

/** The arguments of a command line, and what makes them uncertain. */
export interface RancherArguments {
  readonly given: readonly RancherArgument[];
  readonly doubts: readonly Problem[];
}

/**
 * The arguments that configuration files give: a later file replaces the values of a key, and `key+` adds to them.
 *
 * @param configs the files in the order in which they are read
 */
export function argumentsOfConfigs(configs: readonly RancherConfig[]): RancherArgument[] {
  const values = new Map<string, Word[]>();
  for (const { keys, pointer, text } of configs) {
    for (const [key, value] of Object.entries(keys)) {
      const name = key.replace(/\+$/, '');
      const place = pointer === undefined ? undefined : `${pointer}/${key}`;
      const words = wordsOf(name, value, place).map((word) => (text === undefined ? word : { ...word, pointer: text }));
      const before = key === name ? undefined : values.get(name);
      if (before === undefined) values.set(name, words);
      // a null adds nothing to others, and alone it is an empty argument
      else if (value !== null) for (const word of words) before.push(word);
    }
  }
  return [...values].flatMap(([name, words]) => words.map((value) => ({ name, value })));
}

function wordsOf(name: string, value: unknown, pointer: string | undefined): Word[] {
  if (!Array.isArray(value)) return [wordOfValue(name, value, pointer)];
  return asArray(value).map((item, at) =>
    wordOfValue(name, item, pointer === undefined ? undefined : `${pointer}/${String(at)}`),
  );
}

function wordOfValue(name: string, value: unknown, pointer: string | undefined): Word {
  const text = scalarText(value);
  const place = pointer !== undefined && { pointer };
  if (text !== undefined) return { text, ...place, ...(!isKnown(text) && { text: shown(text) }) };
  const message = `${name} holds an object or a list where it needs a text; write each argument as "name=value"`;
  return { text: HOLE, holes: true, ...place, problem: { code: 'malformed', message, origin: originAt(pointer) } };
}

/** k3s's and RKE2's flags that take no value (k3s pkg/cli/cmds, rke2 pkg/cli/cmds). */
const SWITCHES = new Set(
  (
    'alsologtostderr cluster-init cluster-reset debug disable-agent disable-apiserver disable-apiserver-lb disable-cloud-controller ' +
    'disable-controller-manager disable-default-registry-endpoint disable-etcd disable-helm-controller disable-kube-proxy ' +
    'disable-network-policy disable-scheduler disable-selinux docker embedded-registry enable-pprof enable-servicelb ' +
    'etcd-disable-snapshots etcd-expose-metrics etcd-s3 etcd-s3-insecure etcd-s3-skip-ssl-verify etcd-snapshot-compress ' +
    'flannel-external-ip flannel-ipv6-masq help kine-tls multi-cluster-cidr no-flannel node-name-from-cloud-provider-metadata ' +
    'nonroot-devices prefer-bundled-bin prime protect-kernel-defaults rootless secrets-encryption selinux supervisor-metrics ' +
    'tls-san-security with-node-id'
  ).split(' '),
);
const SHORT: Readonly<Record<string, string>> = { c: 'config', d: 'data-dir' };

/** The arguments of a command line, as Go's package flag reads it. */
export function argumentsOfWords(words: readonly Word[]): RancherArguments {
  const given: RancherArgument[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at];
    if (word === undefined) break;
    const found = /^--?([^=-][^=]*)(?:=([^]*))?$/.exec(word.text);
    const [, name = '', value] = found ?? [];
    if (found === null || !isKnown(name)) return { given, doubts: [unclear(word)] };
    const flag = SHORT[name] ?? name;
    if (value !== undefined) given.push({ name: flag, value: { ...word, text: value } });
    else if (SWITCHES.has(flag)) given.push({ name: flag, value: { ...word, text: 'true' } });
    else {
      at += 1;
      const next = words[at];
      if (next === undefined) return { given, doubts: [unclear(word)] };
      given.push({ name: flag, value: next });
    }
  }
  return { given, doubts: [] };
}

function unclear({ text, pointer, problem }: Word): Problem {
  const message = `${shown(text)} decides how the arguments after it are read, and cannot be read itself; write arguments as --name=value`;
  return problem ?? { code: 'unresolved', message, origin: originAt(pointer) };
}

/** The last value of a flag that has one value. */
export function lastOf(given: readonly RancherArgument[], name: string): Word | undefined {
  return given.findLast((argument) => argument.name === name)?.value;
}

/** All values of a flag that can be repeated. */
export function allOf(given: readonly RancherArgument[], name: string): Word[] {
  return given.filter((argument) => argument.name === name).map(({ value }) => value);
}

/**
 * A component's arguments: its launcher's own, each replaced by extra ones of the same name. `name+=value` adds behind its own, and
 * `name-=value` before it (k3s pkg/util/args.go, GetArgs).
 *
 * @param extra the values of kubelet-arg or kube-apiserver-arg
 * @returns sorted by name; words that are not known at the end
 */
export function componentWords(own: Readonly<Record<string, string>>, extra: readonly Word[]): Word[] {
  const left = new Map(Object.entries(own));
  const values = new Map<string, { readonly front: Word[]; readonly back: Word[] }>();
  const unknown: Word[] = [];
  for (const word of extra) {
    const [, written = '', text = 'true'] = /^(?:--)?([^=]*)(?:=([^]*))?$/.exec(word.text) ?? [];
    if (!isKnown(written)) {
      unknown.push(word);
      continue;
    }
    const name = withoutSigns(written);
    const given = values.get(name) ?? { front: [], back: [] };
    values.set(name, given);
    const first = left.get(name);
    left.delete(name);
    if (first !== undefined && name !== written) given.back.push({ text: first });
    (written.endsWith('-') ? given.front : given.back).push({ ...word, text });
  }
  for (const [name, text] of left) values.set(name, { front: [], back: [{ text }] });
  const names = [...values.keys()].sort();
  const known = names.flatMap((name) =>
    inOrder(values.get(name)).map((word) => ({ ...word, text: `--${name.replace(/^--/, '')}=${word.text}` })),
  );
  return [...known, ...unknown];
}

function withoutSigns(name: string): string {
  let end = name.length;
  while (name.charAt(end - 1) === '-' || name.charAt(end - 1) === '+') end -= 1;
  return name.slice(0, end);
}

/** Each word that is put before others comes before those that were put there earlier. */
function inOrder(words: { readonly front: readonly Word[]; readonly back: readonly Word[] } | undefined): Word[] {
  return words === undefined ? [] : [...words.front.toReversed(), ...words.back];
}
