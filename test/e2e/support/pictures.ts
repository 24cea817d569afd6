// The pictures of the page in the documentation. Each has the digest of what it shows, so that a test knows when it is out of date
// without comparing pixels, which differ with fonts.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';

import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';

import { comparable } from '../../support/doc-blocks.ts';
import { CHECKOUT } from '../../support/dockerfile.ts';
import type { Pages } from './browser.ts';
import { hideAll, shownMarkup } from './in-page.ts';

/** A picture of a part of a page. */
export interface DocPicture {
  /** The file is `docs/images/NAME-light.png`, and `NAME-dark.png`. */
  readonly name: string;
  readonly url: string;
  /** The first and the last element that it shows. */
  readonly from: string;
  readonly to: string;
}

const KEYWORD = 'kubelet-guard page';
const SIGNATURE_BYTES = 8;

/** Writes the pictures with UPDATE_DOCS=1, and otherwise tells those that show something else than the page does now. */
export async function keepPictures(pages: Pages, pictures: readonly DocPicture[]): Promise<void> {
  const outdated: string[] = [];
  for (const picture of pictures) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, context } = await pages.open(picture.url, { colorScheme, viewport: { width: 1000, height: 900 } });
      const digest = await digestOf(page, picture);
      const path = `docs/images/${picture.name}-${colorScheme}.png`;
      const file = join(CHECKOUT, path);
      if (process.env.UPDATE_DOCS === '1') {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, withDigest(await shoot(page, picture), digest));
      } else if (!existsSync(file) || digestIn(readFileSync(file)) !== digest) outdated.push(path);
      await context.close();
    }
  }
  // UPDATE_DOCS=1 before the command of this test takes them again
  expect(outdated).toEqual([]);
}

/** A picture from the top of its first element to the end of its last one. */
async function shoot(page: Page, { from, to }: DocPicture): Promise<Buffer> {
  const first = await page.locator(from).first().boundingBox();
  const last = await page.locator(to).first().boundingBox();
  if (first === null || last === null) throw new Error(`the page has no ${from} or no ${to}`);
  const top = Math.max(0, first.y - 12);
  const height = Math.ceil(last.y + last.height + 12 - top);
  // it is fixed in the window, and would cover a part
  await page.locator('.live').evaluateAll(hideAll);
  return page.screenshot({ fullPage: true, clip: { x: 0, y: top, width: 1000, height } });
}

/** The digest of what a picture shows, without what differs from run to run. */
async function digestOf(page: Page, { from, to }: DocPicture): Promise<string> {
  const markup = await page.evaluate(shownMarkup, [from, to] as const);
  const text = comparable(markup)
    .replaceAll(/\b\d\d:\d\d(?::\d\d)? UTC\b/g, 'TIME')
    .replaceAll(/\b(?:less than a|\d+) (?:second|minute|hour|day)s?\b/g, 'AGE')
    .replaceAll(/\/tmp\/[\w./-]+/g, 'PATH')
    .replaceAll(/\bv?\d+(?:\.\d+){2,}(?::\d+)?\b/g, 'NUMBER');
  return createHash('sha256').update(text).digest('hex');
}

/** A PNG with a digest in a text chunk before its end. */
export function withDigest(png: Buffer, digest: string): Buffer {
  const data = Buffer.from(`tEXt${KEYWORD}\0${digest}`, 'latin1');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length - 4);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(data));
  const end = png.length - 12;
  return Buffer.concat([png.subarray(0, end), length, data, sum, png.subarray(end)]);
}

/** The digest in a PNG; undefined if it has none. */
export function digestIn(png: Buffer): string | undefined {
  for (let at = SIGNATURE_BYTES; at + 12 <= png.length; at += png.readUInt32BE(at) + 12) {
    const chunk = png.toString('latin1', at + 4, at + 8 + png.readUInt32BE(at));
    if (chunk.startsWith(`tEXt${KEYWORD}\0`)) return chunk.slice(`tEXt${KEYWORD}\0`.length);
  }
  return undefined;
}
