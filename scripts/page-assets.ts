// Writes the script and the style of the page, as they are sent to browsers, with their digests for its Content-Security-Policy.
// `npm run docs` writes; test/meta/docs.test.ts compares.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { build, transform } from 'esbuild';

const FOLDER = join(import.meta.dirname, '../src/outputs/html');
const FILE = join(FOLDER, 'assets.json');
const TARGET = ['chrome125', 'firefox128', 'safari17.5'];

/** The text of the file: the script, all styles in the order of their names after base.css, and their digests. */
export async function pageAssets(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(FOLDER, 'browser/main.ts')],
    ...{ bundle: true, write: false, minify: true, charset: 'ascii', format: 'iife', target: TARGET },
  });
  const script = (outputFiles[0]?.text ?? '').trim();
  const styles = readdirSync(join(FOLDER, 'styles')).sort(
    (one, other) => Number(other === 'base.css') - Number(one === 'base.css') || (one < other ? -1 : 1),
  );
  const css = styles.map((name) => readFileSync(join(FOLDER, 'styles', name), 'utf8')).join('\n');
  const { code } = await transform(css, { loader: 'css', minify: true, charset: 'ascii', target: TARGET });
  const style = code.trim();
  if (/<\/(?:script|style)|<!--/i.test(script + style)) throw new Error('the script or style would end its element');
  return `${JSON.stringify({ script, scriptDigest: digestOf(script), style, styleDigest: digestOf(style) }, undefined, 2)}\n`;
}

/** Writes the file. */
export async function writePageAssets(): Promise<void> {
  writeFileSync(FILE, await pageAssets());
}

function digestOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
