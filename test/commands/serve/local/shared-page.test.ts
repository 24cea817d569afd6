import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';

import { describe, expect, test } from '@jest/globals';

import { MAX_RENDERINGS, SHARED_FOR, sharePage } from '../../../../src/commands/serve/local/shared-page.ts';

/** A response whose client is there until it is destroyed. */
class Reader extends EventEmitter {
  destroyed = false;

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

function world() {
  const state = { version: 'a', now: 0, rendered: 0, parts: 0 };
  const render = function* () {
    state.rendered += 1;
    for (const part of [`<p>${String(state.rendered)}`, '', '</p>']) {
      state.parts += 1;
      yield part;
    }
  };
  const page = sharePage({ render, version: () => state.version, clock: () => state.now });
  const ask = (reader = new Reader()) => ({ reader, text: page(reader as unknown as ServerResponse).then(String) });
  return { state, ask };
}

describe('the page', () => {
  test('is rendered once for all who ask at the same time', async () => {
    const { state, ask } = world();
    const texts = await Promise.all(Array.from({ length: 50 }, () => ask().text));
    expect(new Set(texts)).toEqual(new Set(['<p>1</p>']));
    expect(state.rendered).toBe(1);
  });

  test.each([
    ['its content changes', { version: 'b' }],
    ['it becomes old', { now: SHARED_FOR }],
  ])('is rendered again when %s', async (_what, change) => {
    const { state, ask } = world();
    await ask().text;
    Object.assign(state, change);
    expect(await ask().text).toBe('<p>2</p>');
  });

  test('is rendered one at a time: who asks for a newer one meanwhile waits for the next, which all of them get', async () => {
    const { state, ask } = world();
    const first = ask();
    await Promise.resolve();
    const others = Array.from({ length: 20 }, (_, index) => {
      state.version = `b${String(index)}`;
      return ask();
    });
    expect(await first.text).toBe('<p>1</p>');
    expect(new Set(await Promise.all(others.map(({ text }) => text)))).toEqual(new Set(['<p>2</p>']));
    expect(others.filter(({ reader }) => reader.destroyed)).toEqual([]);
  });

  test('is not kept when all who asked are gone', async () => {
    const { ask } = world();
    const first = ask();
    await first.text;
    first.reader.destroy();
    expect(await ask().text).toBe('<p>2</p>');
  });

  test('is not rendered to its end if all who asked are gone', async () => {
    const { state, ask } = world();
    const { reader, text } = ask();
    await Promise.resolve();
    reader.destroy();
    await text;
    expect(state.parts).toBe(2);
  });

  test('has few renderings: another one ends the connections that read the oldest', async () => {
    const { state, ask } = world();
    const readers: Reader[] = [];
    for (let index = 0; index < MAX_RENDERINGS + 2; index += 1) {
      state.version = String(index);
      const { reader, text } = ask();
      await text;
      readers.push(reader);
    }
    expect(readers.map(({ destroyed }) => destroyed)).toEqual([true, true, false, false, false, false]);
  });
});
