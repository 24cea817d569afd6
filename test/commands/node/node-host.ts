import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { authority, client } from '../../support/link-certificates.ts';

/** In the year 2100: the copied files are new, but must be older than the processes that read them. */
const BOOT = 4_102_444_800;

/** Valid at every time that a test uses. */
const LASTING = { from: new Date('2020-01-01T00:00:00Z'), to: new Date('2099-01-01T00:00:00Z') };
const ca = await authority(LASTING);
const pair = await client(ca, LASTING);
const PEM_FILES = new Map([
  ['ca', ca.pem],
  ['certificate', pair.pem],
  ['key', pair.keyPem],
]);

const FIXTURES = new URL('../../fixtures/hosts/', import.meta.url);

/** The text of a layout. */
export function readLayout(name: string): string {
  return readFileSync(new URL(name, FIXTURES), 'utf8');
}

/** The file of a layout. */
export function layoutPath(name: string): URL {
  return new URL(name, FIXTURES);
}

/**
 * Builds a host in a folder. Each part of the text begins with `=== PATH`, followed by what the file holds, or with
 * `=== process PID`, followed by lines for its program, control group, root, parent and variables, then by its arguments. Below
 * `=== certificates` are the paths of a real CA, certificate and key that match, each after its kind (`ca`, `certificate`
 * or `key`).
 */
export function buildHost(root: string, text: string, boot = BOOT): void {
  mkdirSync(join(root, 'proc'), { recursive: true });
  writeFileSync(join(root, 'proc/stat'), `btime ${boot}\n`);
  const parts = text.split(/^=== (.*)\n/m);
  for (let at = 1; at < parts.length; at += 2) {
    const [name = '', content = ''] = [parts[at], parts[at + 1]];
    if (name.startsWith('process ')) buildProcess(join(root, 'proc', name.slice(8)), Number(name.slice(8)), content);
    else if (name === 'certificates') putCertificates(root, content);
    else put(join(root, name), content);
  }
}

function putCertificates(root: string, text: string): void {
  for (const line of text.trimEnd().split('\n')) {
    const [kind = '', path = ''] = line.split(' ');
    put(join(root, path), PEM_FILES.get(kind) ?? '', kind === 'key' ? 0o600 : 0o644);
  }
}

function put(path: string, content: string, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content, { mode });
}

function buildProcess(folder: string, pid: number, text: string): void {
  const facts = new Map<string, string>();
  const words = text.slice(0, -1).split('\n');
  for (;;) {
    const [, name = '', value = ''] = /^(exe|cgroup|root|parent|env) (.*)$/.exec(words[0] ?? '') ?? [];
    if (name === '') break;
    facts.set(name, value);
    words.shift();
  }
  put(join(folder, 'cmdline'), words.map((word) => `${word}\0`).join(''));
  put(join(folder, 'stat'), `${pid} (x) S ${facts.get('parent') ?? '1'} 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 500 0 0`);
  put(join(folder, 'environ'), `${facts.get('env') ?? ''}\0`);
  put(join(folder, 'cgroup'), `0::${facts.get('cgroup') ?? '/'}\n`);
  symlinkSync(facts.get('exe') ?? '/x', join(folder, 'exe'));
  symlinkSync(facts.get('root') ?? '/', join(folder, 'root'));
  symlinkSync(facts.get('root') ?? '/', join(folder, 'cwd'));
}
