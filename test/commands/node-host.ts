import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** In the year 2100: the files of a copy are as young as the copy, and have to be older than its processes. */
const BOOT = 4_102_444_800;

const FIXTURES = new URL('../fixtures/hosts/', import.meta.url);

/** What a layout says. */
export function readLayout(name: string): string {
  return readFileSync(new URL(name, FIXTURES), 'utf8');
}

/** Where a layout is kept. */
export function layoutPath(name: string): URL {
  return new URL(name, FIXTURES);
}

/**
 * Builds a host in a folder. Each part of the text begins with `=== PATH`, followed by what the file holds, or with
 * `=== process PID`, followed by lines for its program, control group, root, parent and variables, then by its words.
 */
export function buildHost(root: string, text: string, boot = BOOT): void {
  mkdirSync(join(root, 'proc'), { recursive: true });
  writeFileSync(join(root, 'proc/stat'), `btime ${boot}\n`);
  const parts = text.split(/^=== (.*)\n/m);
  for (let at = 1; at < parts.length; at += 2) {
    const [name = '', content = ''] = [parts[at], parts[at + 1]];
    if (name.startsWith('process ')) buildProcess(join(root, 'proc', name.slice(8)), Number(name.slice(8)), content);
    else put(join(root, name), content);
  }
}

function put(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
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
