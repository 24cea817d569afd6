// What the command line says about wrong use: one line, the nearest known word, and whose help to read.

import { InvalidArgumentError, type Argument, type Command, type Option } from 'commander';

import { didYouMean } from '../did-you-mean.ts';
import { escapeLine } from '../outputs/printable.ts';

/** Lets the errors of each command point at that command's help. */
export function pointAtHelp(command: Command, above = ''): void {
  const name = `${above}${command.name()}`;
  command.configureOutput({
    outputError: (text, write) => {
      write(`kubelet-guard: ${escapeLine(reasonOf(text))}; see ${name} --help\n`);
    },
  });
  for (const nested of command.commands) pointAtHelp(nested, `${name} `);
}

/** Commander's reason on one line. */
function reasonOf(text: string): string {
  return text
    .trim()
    .replace(/^error: /, '')
    .replace(/\.$/, '')
    .replace('(Did you mean', '(did you mean')
    .replaceAll('\n', ' ');
}

/** Lets errors about the values of all options and arguments with choices name the nearest choice. */
export function suggestChoices(command: Command): void {
  for (const thing of [...command.options, ...command.registeredArguments]) suggestChoice(thing);
  for (const nested of command.commands) suggestChoices(nested);
}

function suggestChoice(thing: Option | Argument): void {
  const { argChoices, parseArg } = thing;
  if (argChoices === undefined) return;
  thing.argParser((value: string, previous: unknown) => {
    // an empty value of a flag has a reason of its own
    if (value !== '' && !argChoices.includes(value)) throw notOneOf(value, argChoices);
    return parseArg?.(value, previous);
  });
}

/** The error about a value that is none of the choices. */
export function notOneOf(value: string, choices: readonly string[]): InvalidArgumentError {
  const near = didYouMean(value, choices);
  const known = `Allowed choices are ${choices.join(', ')}.`;
  return new InvalidArgumentError(near === '' ? known : `D${near.slice(1)} ${known}`);
}
