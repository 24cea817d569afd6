// The fenced blocks of README.md and the pages of docs: what they are, and how they are compared and rewritten.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { CHECKOUT } from './dockerfile.ts';

/** A fenced block of a page. */
export interface DocBlock {
  /** The path of the page in the checkout. */
  readonly page: string;
  /** The number of the block in its page. */
  readonly index: number;
  /** The line of its fence. */
  readonly line: number;
  readonly language: string;
  /** The name of a block that an end-to-end test runs: `console name=NAME`. */
  readonly name: string | undefined;
  /** Its text, without the indentation of the fence. */
  readonly text: string;
}

/** A command of a console block, and what it prints. */
export interface DocStep {
  readonly command: string;
  readonly output: string;
}

/** What differs from run to run, and what it is compared as. */
export const VARYING: readonly (readonly [what: string, pattern: RegExp, word: string])[] = [
  ['a time', /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, 'TIME'],
  ['a date', /\b\d{4}-\d\d-\d\d\b/g, 'DATE'],
  ['a UUID', /(?<![0-9a-z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'UUID'],
  ['a SHA-256 digest', /\b[0-9a-f]{64}\b/g, 'DIGEST'],
  ['a port of this host', /\b(127\.0\.0\.1|localhost):\d{2,5}\b/g, '$1:PORT'],
  ['a process id', /\b(pid|process) \d+\b/g, '$1 PID'],
  ["a line's head in a log", /^([IWEF])\d{4} [\d:.]+ +\d+ [\w.-]+:\d+\]/gm, '$1 HEAD]'],
  ['an age in the last column', / +(?:\d+[dhms])+$/gm, ' AGE'],
  ['a duration in seconds', /\b\d+(?:\.\d+)?(?: s|s| ms|ms)\b/g, 'DURATION'],
];

const FENCE = /^( *)```([^\n]*)\n([\s\S]*?)^\1```$/gm;

/** The pages: README.md and all of docs. */
export function docPages(): readonly string[] {
  const pages = readdirSync(join(CHECKOUT, 'docs'), { recursive: true, encoding: 'utf8' });
  return ['README.md', ...pages.filter((path) => path.endsWith('.md')).map((path) => `docs/${path}`)].sort();
}

/** The blocks of a page. */
export function blocksOf(page: string): readonly DocBlock[] {
  const text = readFileSync(join(CHECKOUT, page), 'utf8');
  return [...text.matchAll(FENCE)].map((found, index) => {
    const [, indent = '', info = '', body = ''] = found;
    const [language = '', ...words] = info.trim().split(/ +/);
    return {
      page,
      index,
      language,
      line: text.slice(0, found.index).split('\n').length,
      name: words.find((word) => word.startsWith('name='))?.slice('name='.length),
      text: body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    };
  });
}

/** The only block of this name. */
export function namedBlock(name: string): DocBlock {
  const found = docPages()
    .flatMap(blocksOf)
    .filter((block) => block.name === name);
  const [block] = found;
  if (block === undefined || found.length > 1)
    throw new Error(`${String(found.length)} blocks of the pages have name=${name}`);
  return block;
}

/** The path of a block that is a file: its first line is a comment with only the path. */
export function fileOf({ text }: DocBlock): string | undefined {
  return /^# ([\w.-]+(?:\/[\w.-]+)*\.\w+)\n/.exec(text)?.[1];
}

/** The commands of a console block. A command goes on after a backslash at the end of its line. */
export function stepsOf({ text }: DocBlock): readonly DocStep[] {
  const steps: { command: string; output: string }[] = [];
  let isOpen = false;
  for (const line of text.split(/(?<=\n)/)) {
    const last = steps.at(-1);
    if (isOpen && last !== undefined) last.command += line;
    else if (line.startsWith('$ ')) steps.push({ command: line.slice(2), output: '' });
    else if (last === undefined) throw new Error(`a console block begins with a command: ${text}`);
    else last.output += line;
    isOpen = line.endsWith('\\\n') && (isOpen || line.startsWith('$ '));
  }
  return steps;
}

/** Text as it is compared: what differs from run to run is replaced by a word. */
export function comparable(text: string): string {
  return VARYING.reduce((rest, [, pattern, word]) => rest.replaceAll(pattern, word), text).replaceAll(/ +$/gm, '');
}

/** Writes other outputs into a block. */
export function rewriteBlock({ page, index }: DocBlock, steps: readonly DocStep[]): void {
  const path = join(CHECKOUT, page);
  let at = -1;
  const text = readFileSync(path, 'utf8').replaceAll(FENCE, (all, indent: string, info: string) => {
    at += 1;
    if (at !== index) return all;
    const body = steps.map(({ command, output }) => `$ ${command}${output}`).join('');
    return `${indent}\`\`\`${info}\n${body.replaceAll(/^(?=.)/gm, indent)}${indent}\`\`\``;
  });
  writeFileSync(path, text);
}
