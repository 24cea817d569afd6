import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { CHECKOUT } from './dockerfile.ts';

/** The blocks of shell commands in a section of a page. */
export function commandsUnder(page: string, heading: string): readonly string[] {
  const text = readFileSync(join(CHECKOUT, 'docs', page), 'utf8');
  const [, section] = text.split(new RegExp(`^#+ ${heading}$`, 'm'));
  if (section === undefined) throw new Error(`${page} has no section ${heading}`);
  const own = section.split(/^#+ /m)[0] ?? '';
  const blocks = [...own.matchAll(/^```(?:sh|console)\b[^\n]*\n(.*?)^```/gms)].map(([, block = '']) => block);
  if (blocks.length === 0) throw new Error(`${page}, ${heading}: there are no commands`);
  return blocks;
}
