// Decodes one kubeconfig file as client-go does: YAML 1.1, strict types, unknown keys ignored.

import { isAbsolute, join } from 'node:path';

import { parseAllDocuments, type ScalarTag, type Tags } from 'yaml';

/** Why a kubeconfig cannot be used. */
export class KubeconfigFault extends Error {
  override readonly name = 'KubeconfigFault';
}

/** A file by its path, or a text in the kubeconfig itself. */
export type FileOrText = { readonly file: string } | { readonly text: string };

/** The types of keys. */
type Type = 'text' | 'switch' | 'base64' | 'texts' | 'lists' | 'exec' | 'provider' | 'extensions' | 'variables';

/** An entry of a kubeconfig. Each key has the type in its table, or is absent. */
export type KubeconfigEntry = Readonly<Record<string, unknown>>;

/** One kubeconfig file. */
export interface KubeconfigDocument {
  readonly currentContext: string;
  readonly clusters: ReadonlyMap<string, KubeconfigEntry>;
  readonly users: ReadonlyMap<string, KubeconfigEntry>;
  readonly contexts: ReadonlyMap<string, KubeconfigEntry>;
}

type Table = Readonly<Record<string, Type>>;

const CLUSTER: Table = {
  server: 'text',
  'tls-server-name': 'text',
  'insecure-skip-tls-verify': 'switch',
  'certificate-authority': 'text',
  'certificate-authority-data': 'base64',
  'proxy-url': 'text',
  'disable-compression': 'switch',
  extensions: 'extensions',
};
const USER: Table = {
  'client-certificate': 'text',
  'client-certificate-data': 'base64',
  'client-key': 'text',
  'client-key-data': 'base64',
  token: 'text',
  tokenFile: 'text',
  as: 'text',
  'as-uid': 'text',
  'as-groups': 'texts',
  'as-user-extra': 'lists',
  username: 'text',
  password: 'text',
  'auth-provider': 'provider',
  exec: 'exec',
  extensions: 'extensions',
};
const CONTEXT: Table = { cluster: 'text', user: 'text', namespace: 'text', extensions: 'extensions' };
const EXEC: Table = {
  command: 'text',
  args: 'texts',
  env: 'variables',
  apiVersion: 'text',
  installHint: 'text',
  provideClusterInfo: 'switch',
  interactiveMode: 'text',
};
const VARIABLE: Table = { name: 'text', value: 'text' };
const EXTENSION: Table = { name: 'text' };
const PROVIDER: Table = { name: 'text' };

/** Keys that name files, relative to the folder of their kubeconfig. */
const PATHS = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'] as const;

/**
 * Reads a kubeconfig.
 *
 * @param folder its absolute folder, which its paths are relative to
 * @throws KubeconfigFault where kubectl would not load it
 */
export function readDocument(text: string, folder: string): KubeconfigDocument {
  const root = mapOf(parseYaml(text), 'the kubeconfig');
  const { apiVersion = 'v1', kind = 'Config' } = root;
  if (!['v1', '', null].includes(apiVersion as string) || !['Config', '', null].includes(kind as string)) {
    throw new KubeconfigFault(`it is ${String(apiVersion)} ${String(kind)}, not v1 Config`);
  }
  return {
    currentContext: textOf(root['current-context'], 'current-context'),
    clusters: entriesOf(root, 'clusters', 'cluster', CLUSTER, folder),
    users: entriesOf(root, 'users', 'user', USER, folder),
    contexts: entriesOf(root, 'contexts', 'context', CONTEXT, folder),
  };
}

/** The keys that are not part of the format. kubectl ignores them, and some are typing errors. */
export function unknownKeys(entry: KubeconfigEntry, kind: 'cluster' | 'user'): string[] {
  const table = kind === 'cluster' ? CLUSTER : USER;
  return Object.keys(entry).filter((key) => !Object.hasOwn(table, key));
}

function parseYaml(text: string): unknown {
  // kubectl reads the first document only
  const [document] = parseAllDocuments(text, {
    version: '1.1',
    uniqueKeys: false,
    prettyErrors: false,
    customTags: (tags) => [...tags.filter(isOfGo), ...OF_GO],
  });
  if (document === undefined || !('contents' in document)) return undefined;
  const [error] = document.errors;
  if (error !== undefined) throw new KubeconfigFault(`it is not YAML: ${error.message}`);
  return document.toJS({ maxAliasCount: 100 }) as unknown;
}

/** In Go a date and 12:30 are strings. */
function isOfGo(tag: Tag): boolean {
  return (
    typeof tag === 'string' || (!['tag:yaml.org,2002:timestamp', BINARY].includes(tag.tag) && tag.format !== 'TIME')
  );
}

type Tag = Tags[number];

const BINARY = 'tag:yaml.org,2002:binary';

const OF_GO: ScalarTag[] = [
  { tag: 'tag:yaml.org,2002:int', default: true, test: /^[-+]?0o[0-7_]+$/, resolve: (text) => Number(text) },
  { tag: BINARY, resolve: (text) => Buffer.from(text, 'base64').toString() },
];

function entriesOf(
  root: KubeconfigEntry,
  list: string,
  key: string,
  table: Table,
  folder: string,
): ReadonlyMap<string, KubeconfigEntry> {
  const found = new Map<string, KubeconfigEntry>();
  for (const [index, item] of listOf(root[list], list).entries()) {
    const where = `${list}[${index}]`;
    const named = mapOf(item, where);
    const name = textOf(named.name, `${where}.name`);
    if (found.has(name)) throw new KubeconfigFault(`${list} has two entries of the name ${JSON.stringify(name)}`);
    found.set(name, absolute(typed(named[key], `${where}.${key}`, table), folder));
  }
  return found;
}

/** The value as a map whose known keys have their types. */
function typed(value: unknown, where: string, table: Table): KubeconfigEntry {
  const map = mapOf(value, where);
  return Object.fromEntries(
    Object.entries(map).flatMap(([key, item]) => {
      if (item === null || item === undefined) return [];
      const type = Object.hasOwn(table, key) ? table[key] : undefined;
      return [[key, type === undefined ? item : READERS[type](item, `${where}.${key}`)]];
    }),
  );
}

const READERS: Readonly<Record<Type, (value: unknown, where: string) => unknown>> = {
  text: textOf,
  switch: (value, where) => {
    if (typeof value !== 'boolean') throw new KubeconfigFault(`${where} must be true or false, without quotes`);
    return value;
  },
  base64: (value, where) => {
    const text = textOf(value, where).replace(/[\r\n]/g, '');
    if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
      throw new KubeconfigFault(`${where} is not base64`);
    }
    return Buffer.from(text, 'base64').toString();
  },
  texts: (value, where) => listOf(value, where).map((item, index) => textOf(item, `${where}[${index}]`)),
  lists: (value, where) =>
    Object.fromEntries(
      Object.entries(mapOf(value, where)).map(([key, list]) => [
        key,
        listOf(list, `${where}.${key}`).map((item, index) => textOf(item, `${where}.${key}[${index}]`)),
      ]),
    ),
  exec: (value, where) => typed(value, where, EXEC),
  provider: (value, where) => typed(value, where, PROVIDER),
  variables: (value, where) => listOf(value, where).map((item, index) => typed(item, `${where}[${index}]`, VARIABLE)),
  extensions: (value, where) => listOf(value, where).map((item, index) => typed(item, `${where}[${index}]`, EXTENSION)),
};

function absolute(entry: KubeconfigEntry, folder: string): KubeconfigEntry {
  const result: Record<string, unknown> = { ...entry };
  const resolve = (path: unknown): unknown =>
    typeof path !== 'string' || path === '' || isAbsolute(path) ? path : join(folder, path);
  for (const key of PATHS) if (key in result) result[key] = resolve(result[key]);
  const { exec } = result as { exec?: KubeconfigEntry };
  // a command without a slash is found on the PATH
  if (typeof exec?.command === 'string' && exec.command.includes('/')) {
    result.exec = { ...exec, command: resolve(exec.command) };
  }
  return result;
}

function mapOf(value: unknown, where: string): KubeconfigEntry {
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new KubeconfigFault(`${where} must be a map`);
  return value as KubeconfigEntry;
}

function listOf(value: unknown, where: string): readonly unknown[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw new KubeconfigFault(`${where} must be a list`);
  return value;
}

function textOf(value: unknown, where: string): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') throw new KubeconfigFault(`${where} must be a text: put it in quotes`);
  return value;
}
