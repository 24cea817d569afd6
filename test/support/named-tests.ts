import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { CHECKOUT } from './dockerfile.ts';

/** A test file, and the title of a test or group in it; without a title the whole file. */
export type NamedTest = readonly [file: string, title?: string | undefined];

/** The fault of a name: there is no such file or title. */
export function faultOf([file, title]: NamedTest): string | undefined {
  const path = join(CHECKOUT, file);
  if (!/\.(test|e2e)\.ts$/.test(file) || !existsSync(path)) return `there is no file of tests ${file}`;
  // a title in the source may be between either quotes, or a template
  const text = readFileSync(path, 'utf8').replaceAll("\\'", "'");
  return title === undefined || text.includes(title) ? undefined : `${file} has no test "${title}"`;
}
