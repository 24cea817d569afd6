// The page as bytes, rendered once for all who ask for it at the same time. A page about many nodes takes megabytes: a copy for
// each slow reader would use up the memory of the process.

import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';

/** What it needs. */
export interface SharedPageDeps {
  /** Renders the page in parts. An empty part lets other calls go first. */
  readonly render: () => Iterable<string>;
  /** Another text whenever the page has other content. */
  readonly version: () => string;
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
}

/** A rendering is shared for so many milliseconds: the page shows ages in minutes. */
export const SHARED_FOR = 5000;
/** At most so many renderings are sent at once. Another one closes the connections that still read the oldest. */
export const MAX_RENDERINGS = 4;

interface Rendering {
  /** Undefined until it starts: one is made after the other. */
  version: string | undefined;
  since: number;
  readonly bytes: Promise<Buffer>;
  /** Who waits for it or reads it. Nothing else keeps it. */
  readonly readers: Set<ServerResponse>;
}

/** Makes the function that returns the page for a response. */
export function sharePage(deps: SharedPageDeps): (response: ServerResponse) => Promise<Buffer> {
  const { version, clock } = deps;
  const renderings = new Set<Rendering>();
  let previous: Promise<unknown> = Promise.resolve();

  const start = (first: ServerResponse): Rendering => {
    const readers = new Set([first]);
    const begin = (): Promise<Buffer> => {
      rendering.version = version();
      rendering.since = clock();
      return bytesOf(deps.render(), readers);
    };
    const rendering: Rendering = { version: undefined, since: 0, bytes: previous.then(begin), readers };
    previous = rendering.bytes.catch(() => undefined);
    renderings.add(rendering);
    return rendering;
  };

  return (response) => {
    const last = [...renderings].at(-1);
    const isShared = last !== undefined && (last.version === undefined || isPresent(last, deps));
    const rendering = isShared ? last : start(response);
    rendering.readers.add(response);
    response.once('close', () => {
      rendering.readers.delete(response);
      if (rendering.readers.size === 0) renderings.delete(rendering);
    });
    const [oldest] = renderings;
    if (renderings.size > MAX_RENDERINGS && oldest !== undefined) {
      renderings.delete(oldest);
      for (const reader of oldest.readers) reader.destroy();
    }
    return rendering.bytes;
  };
}

function isPresent(rendering: Rendering, { version, clock }: SharedPageDeps): boolean {
  return rendering.version === version() && clock() - rendering.since < SHARED_FOR;
}

async function bytesOf(parts: Iterable<string>, readers: ReadonlySet<ServerResponse>): Promise<Buffer> {
  const rendered: Buffer[] = [];
  for (const part of parts) {
    if (part === '') await setImmediate();
    if (readers.size === 0) break;
    rendered.push(Buffer.from(part));
  }
  return Buffer.concat(rendered);
}
