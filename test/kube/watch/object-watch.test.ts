import { describe, expect, test } from '@jest/globals';

import { ApiFault } from '../../../src/kube/api.ts';
import {
  watchObjects,
  type ObjectApi,
  type ObjectEvent,
  type ObjectPage,
  type ObjectWatchEvents,
  type SeenObject,
} from '../../../src/kube/watch/object-watch.ts';

function pod(name: string, uid = name): SeenObject {
  return { namespace: 'kube-system', name, uid, object: { metadata: { name } } };
}

/** What an API server does at the next request; the test ends with the script. */
type Step =
  | { readonly list: ObjectPage | Error }
  | { readonly watch: readonly ObjectEvent[]; readonly lasts?: number; readonly then?: Error };

/** Runs a watch with a script and returns everything that happened, in order. */
async function play(steps: readonly Step[], handlers: Partial<ObjectWatchEvents> = {}): Promise<string[]> {
  const happened: string[] = [];
  const { promise: done, resolve: end } = Promise.withResolvers<undefined>();
  let index = 0;
  let now = 0;
  const next = (what: string): Step => {
    happened.push(what);
    const step = steps[index];
    index += 1;
    if (step !== undefined) return step;
    end(undefined);
    return { watch: [], lasts: Infinity };
  };
  const untilStopped = (signal: AbortSignal) =>
    new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        reject(new ApiFault('stopped'));
      });
    });
  const api: ObjectApi = {
    list: (namespace, token, signal) => {
      const step = next(`list ${namespace}${token === undefined ? '' : ` from ${token}`}`);
      if (!('list' in step)) return untilStopped(signal);
      return step.list instanceof Error ? Promise.reject(step.list) : Promise.resolve(step.list);
    },
    watch: async (_namespace, version, on, signal) => {
      const step = next(`watch ${version}`);
      if ('list' in step || step.lasts === Infinity) return untilStopped(signal);
      if (step.then === undefined || step.watch.length > 0) on.open();
      for (const event of step.watch) on.event(event);
      now += step.lasts ?? 10_000;
      if (step.then !== undefined) throw step.then;
    },
  };
  const events: ObjectWatchEvents = {
    seen: ({ name }) => happened.push(`seen ${name}`),
    gone: ({ name, uid }) => happened.push(`gone ${name} ${uid}`),
    state: (namespace, lost) => happened.push(lost === undefined ? `following ${namespace}` : `lost: ${lost}`),
    crashed: (cause) => happened.push(`crashed: ${String(cause)}`),
    ...handlers,
  };
  const pause = (milliseconds: number) => {
    happened.push(`pause ${milliseconds}`);
    return Promise.resolve();
  };
  const watch = watchObjects(api, events, { clock: () => now, pause, random: () => 1 });
  watch.follow(['kube-system']);
  watch.follow(['kube-system']);
  await done;
  await watch.stop();
  return happened;
}

const there = (name: string, resourceVersion: string, uid = name): ObjectEvent => ({
  type: 'there',
  seen: pod(name, uid),
  resourceVersion,
});
const gone = (name: string, resourceVersion: string): ObjectEvent => ({
  type: 'gone',
  seen: pod(name),
  resourceVersion,
});
const refused = new ApiFault('connect ECONNREFUSED');
const expired = new ApiFault('HTTP 410: too old', 410);

describe('the watch of pods', () => {
  test('waits as long as an API server asks for, but not forever', async () => {
    const busy = (seconds: number) => new ApiFault('HTTP 429: busy', 429, { retryAfter: seconds });
    const page = { objects: [], resourceVersion: '5' };
    const happened = await play([
      { list: page },
      { watch: [], then: busy(7) },
      { watch: [], then: busy(86_400) },
      { watch: [] },
    ]);
    expect(happened.filter((what) => what.startsWith('pause'))).toStrictEqual(['pause 8400', 'pause 144000']);
  });

  test('lists page by page, then reports changes, and resumes where a watch ended', async () => {
    const happened = await play([
      { list: { objects: [pod('a')], resourceVersion: '5', next: 'token' } },
      { list: { objects: [pod('b')], resourceVersion: '5' } },
      { watch: [there('c', '6'), gone('a', '7'), { type: 'bookmark', resourceVersion: '9' }] },
    ]);
    expect(happened).toStrictEqual([
      ...['list kube-system', 'seen a', 'list kube-system from token', 'seen b', 'watch 5', 'following kube-system'],
      ...['seen c', 'gone a a', 'watch 9'],
    ]);
  });

  test('lists again after 410 Gone, and reports what was deleted meanwhile', async () => {
    const happened = await play([
      { list: { objects: [pod('a'), pod('b')], resourceVersion: '5' } },
      { watch: [there('c', '6')], then: expired },
      { list: { objects: [pod('b'), pod('a', 'another')], resourceVersion: '99' } },
    ]);
    expect(happened.slice(4)).toStrictEqual([
      ...[
        'following kube-system',
        'seen c',
        'pause 500',
        'list kube-system',
        'seen b',
        'seen a',
        'gone a a',
        'gone c c',
        'watch 99',
      ],
    ]);
  });

  test('reports once that the API server is lost and once that it is back, waits longer and longer, and lists again', async () => {
    const happened = await play([
      { list: refused },
      { list: refused },
      { list: { objects: [], resourceVersion: '5' } },
      { watch: [], then: refused },
      { list: { objects: [], resourceVersion: '6' } },
      { watch: [] },
      { watch: [], then: refused },
      { watch: [] },
    ]);
    expect(happened).toStrictEqual([
      ...['list kube-system', 'lost: connect ECONNREFUSED', 'pause 500', 'list kube-system', 'pause 1000'],
      ...['list kube-system', 'watch 5', 'pause 2000', 'list kube-system', 'watch 6', 'following kube-system'],
      ...['watch 6', 'lost: connect ECONNREFUSED', 'pause 500', 'watch 6', 'following kube-system', 'watch 6'],
    ]);
  });

  test('does not follow objects that it may list but not watch', async () => {
    const forbidden = new ApiFault('HTTP 403: forbidden', 403);
    const round: Step[] = [{ list: { objects: [], resourceVersion: '5' } }, { watch: [], then: forbidden }];
    const happened = await play([...round, { watch: [], then: forbidden }, { watch: [], then: forbidden }, ...round]);
    expect(happened.filter((what) => what.startsWith('lost') || what.startsWith('following'))).toStrictEqual([
      'lost: HTTP 403: forbidden',
    ]);
  });

  test('waits if watches end as soon as they begin, but never longer than ten seconds', async () => {
    const steps = Array.from({ length: 8 }, () => ({ watch: [], lasts: 0 }));
    const happened = await play([{ list: { objects: [], resourceVersion: '5' } }, ...steps]);
    const pauses = happened.filter((what) => what.startsWith('pause'));
    expect(pauses).toStrictEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000].map((ms) => `pause ${ms}`));
  });

  test('survives a handler that throws', async () => {
    const happened = await play(
      [{ list: { objects: [pod('a')], resourceVersion: '5' } }, { watch: [gone('a', '6')] }],
      {
        seen: () => {
          throw new Error('a bug');
        },
      },
    );
    expect(happened).toStrictEqual([
      ...['list kube-system', 'crashed: Error: a bug', 'watch 5', 'following kube-system', 'gone a a', 'watch 6'],
    ]);
  });

  test('follows other namespaces on request, and stops at once', async () => {
    const asked: string[] = [];
    const ended: string[] = [];
    const hang = (namespace: string, signal: AbortSignal) =>
      new Promise<never>((_resolve, reject) => {
        asked.push(namespace);
        signal.addEventListener('abort', () => {
          ended.push(namespace);
          reject(new ApiFault('stopped'));
        });
      });
    const states: unknown[] = [];
    const ignore = () => undefined;
    const watch = watchObjects(
      { list: (namespace, _next, signal) => hang(namespace, signal), watch: () => Promise.reject(refused) },
      { seen: ignore, gone: ignore, crashed: ignore, state: (namespace) => states.push(namespace) },
      { clock: () => 0, random: () => 0, pause: () => Promise.resolve() },
    );
    watch.follow(['a', 'b']);
    watch.follow(['b', 'c']);
    expect({ asked, ended }).toStrictEqual({ asked: ['a', 'b', 'c'], ended: ['a'] });
    await watch.stop();
    expect(ended).toStrictEqual(['a', 'b', 'c']);
    expect(states).toStrictEqual([]);
  });
});
