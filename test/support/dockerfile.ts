import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of the checkout. */
export const CHECKOUT = join(import.meta.dirname, '../..');

/** One instruction of a Dockerfile, with the values of its variables. */
export interface Instruction {
  readonly keyword: string;
  readonly text: string;
}

/** One build stage. */
export interface Stage {
  readonly from: string;
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

/** The sources and the target of a COPY. */
export interface Copy {
  /** The stage; undefined for the build context. */
  readonly from: string | undefined;
  readonly sources: readonly string[];
  readonly target: string;
}

/**
 * Reads the checkout's Dockerfile. Supports what it uses: instructions over several lines, comments, and variables from
 * ARG with a default.
 */
export function readDockerfile(): readonly Stage[] {
  const text = readFileSync(join(CHECKOUT, 'Dockerfile'), 'utf8').replace(/^\s*#.*\n/gm, '');
  const variables = new Map<string, string>();
  const stages: { from: string; name: string; instructions: Instruction[] }[] = [];
  for (const line of text.replace(/\\\n\s*/g, '').split('\n')) {
    const [, keyword, raw] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (keyword === undefined || raw === undefined) continue;
    const value = raw.replace(/\$\{(\w+)\}/g, (_all, name: string) => valueOf(variables, name));
    const [, from, name = `stage ${stages.length}`] = /^(\S+)(?: AS (\S+))?$/.exec(value) ?? [];
    if (keyword === 'FROM' && from !== undefined) stages.push({ from, name, instructions: [] });
    else if (keyword === 'ARG') declare(variables, value);
    else stages.at(-1)?.instructions.push({ keyword, text: value });
  }
  return stages;
}

/** The texts of all instructions of a stage with this keyword. */
export function textsOf({ instructions }: Stage, keyword: string): readonly string[] {
  return instructions.filter((instruction) => instruction.keyword === keyword).map(({ text }) => text);
}

/** The words of an instruction in its exec form. */
export function execForm(text: string): readonly string[] {
  const words: unknown = JSON.parse(text);
  if (Array.isArray(words) && words.every((word) => typeof word === 'string')) return words;
  throw new Error(`${text} is not in the exec form`);
}

/** Reads the text of a COPY. */
export function readCopy(text: string): Copy {
  const [, from, rest = ''] = /^(?:--from=(\S+)\s+)?([^-].*)$/.exec(text) ?? [];
  const paths = rest.split(/\s+/);
  const target = paths.pop();
  if (target === undefined || paths.length === 0) throw new Error(`COPY ${text} has an unsupported form`);
  return { from, sources: paths, target };
}

/** The paths that .dockerignore allows in the build context. It has to exclude everything else. */
export function buildContext(): readonly string[] {
  const lines = readFileSync(join(CHECKOUT, '.dockerignore'), 'utf8').split('\n');
  const [first, ...others] = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const fault = first === '*' ? others.find((line) => !/^![\w.][\w./-]*$/.test(line)) : first;
  if (fault !== undefined) throw new Error(`.dockerignore must exclude everything and then list exceptions: ${fault}`);
  return others.map((line) => line.slice(1));
}

function valueOf(variables: ReadonlyMap<string, string>, name: string): string {
  const value = variables.get(name);
  if (value === undefined) throw new Error(`the Dockerfile uses ${name}, which it does not declare`);
  return value;
}

function declare(variables: Map<string, string>, text: string): void {
  const [name = '', value] = text.split('=');
  if (value === undefined) throw new Error(`ARG ${name} has no default`);
  variables.set(name, value);
}
