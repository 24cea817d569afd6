// Units and environment files that are templates: what their placeholders leave open.

import { GAP } from '../../argv/words.ts';

const PLACEHOLDER = /\{\{[^\n]{0,200}?\}\}|\{%[^\n]{0,200}?%\}|\{#[^\n]{0,200}?#\}|<%[^\n]{0,200}?%>/g;
/** The folder of a program. */
const FOLDER = /^([ \t]*ExecStart[ \t]*=[ \t]*[-@:+!]*)\{\{[^\n]{0,200}?\}\}(?=\/)/gm;
const LONGEST_TOKEN = 256;

/**
 * A text whose placeholders systemd's syntax does not take apart. One in the value of a flag stays readable, so that the value is
 * known to be a placeholder; any other one can be any number of words.
 */
export function withoutPlaceholders(text: string): string {
  const withFolder = text.replace(FOLDER, '$1/usr/bin');
  return withFolder.replace(PLACEHOLDER, (all: string, at: number) => {
    const line = withFolder.slice(Math.max(0, at - LONGEST_TOKEN), at);
    const before = line.slice(Math.max(...[' ', '\t', '\n'].map((blank) => line.lastIndexOf(blank))) + 1);
    return before.includes('--') ? all.replace(/[\s"'\\]+/g, '') : GAP;
  });
}
