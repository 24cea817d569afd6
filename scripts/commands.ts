// The page of the commands, docs/commands.md, from the help of each command.

import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';

import { run } from '../src/cli.ts';

const ROOT = join(import.meta.dirname, '..');

/** The page of the commands, as Markdown. */
export async function commandsPage(): Promise<string> {
  const sections = await sectionsOf([]);
  return [
    '# Commands',
    '',
    'Every command with its flags, as `--help` prints them. In a checkout, write `npm run -s kubelet-guard -- COMMAND`.',
    '`serve` also reads its flags from the [environment](configuration.md#flags-and-environment).',
    '',
    ...sections,
  ].join('\n');
}

/** The section of a command, and those of its subcommands. */
async function sectionsOf(names: readonly string[]): Promise<readonly string[]> {
  const help = await helpOf(names);
  const [, list = ''] = /^Commands:\n((?: .*\n)+)/m.exec(help) ?? [];
  const subcommands = [...list.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name = '']) => name);
  const title = ['kubelet-guard', ...names].join(' ');
  const own = [`## ${title}`, '', '```text', help.trimEnd(), '```', ''];
  const below: string[] = [];
  for (const name of subcommands.filter((found) => found !== 'help'))
    below.push(...(await sectionsOf([...names, name])));
  return [...own, ...below];
}

/** The help of a command, as wide as in a pipe. */
async function helpOf(names: readonly string[]): Promise<string> {
  let text = '';
  const print = (more: string): void => {
    text += more;
  };
  const { columns } = process.stdout;
  process.stdout.columns = 80;
  try {
    await run([...names, '--help'], {
      env: {},
      root: ROOT,
      stdin: () => Readable.from([]),
      stdout: () => new Writable(),
      print,
      printError: print,
      isTerminal: () => false,
      onSignal: () => undefined,
      exitNow: () => undefined,
    });
  } finally {
    process.stdout.columns = columns;
  }
  return text;
}
