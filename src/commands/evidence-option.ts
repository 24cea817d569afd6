// The option `--evidence` of `sweep` and `node`, and its part of their help.

import type { Option } from 'commander';

import { ListOption } from './list-option.ts';

interface Choice<Name extends string> {
  readonly name: Name;
  readonly default: boolean;
  readonly help: string;
}

/** `--evidence` with these choices; its value is the list of the chosen names, in the order of the choices. */
export function evidenceOption(choices: readonly Choice<string>[], description: string): Option {
  return new ListOption(
    '--evidence <list>',
    description,
    choices.map(({ name }) => name),
  );
}

const WIDTH = 120;

/** What each choice shows and needs: a paragraph of the help. */
export function evidenceHelp(choices: readonly Choice<string>[]): string {
  const indent = 4 + Math.max(...choices.map(({ name }) => name.length));
  const paragraphs = choices.map((choice) => {
    const text = choice.default ? choice.help : `${choice.help}; only if you name it`;
    return wrapped(`  ${choice.name}`.padEnd(indent), text, indent);
  });
  return `Evidence:\n${paragraphs.join('\n')}`;
}

function wrapped(start: string, text: string, indent: number): string {
  const lines = [start];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last.length + word.length >= WIDTH) lines.push(' '.repeat(indent) + word);
    else lines[lines.length - 1] = last.length > indent ? `${last} ${word}` : last + word;
  }
  return lines.join('\n');
}
