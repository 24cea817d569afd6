// Generates queries, asks the oracle, and collects the queries on which it and kubelet-guard disagree.

import fc from 'fast-check';

import type { Oracle, Query } from '../../support/oracle.ts';
import { disagreement, incomparable, startDisagreement } from '../../support/verdicts.ts';
import { Recorder } from './record.ts';

/** A query on which the oracle and kubelet-guard disagree, reduced as far as possible. */
export interface Disagreement {
  readonly reason: string;
  readonly query: Query;
}

/** Reads a number from the environment. */
function setting(name: string, otherwise: number): number {
  const text = process.env[name] ?? '';
  return text === '' ? otherwise : Number(text);
}

/** To repeat a run: DIFFERENTIAL_SEED=the number that the failing run printed. */
export const seed = setting('DIFFERENTIAL_SEED', Date.now() % 1_000_000_000);
/** Multiplies the number of queries. */
export const scale = setting('DIFFERENTIAL_SCALE', 1);

const BATCH = 500;
const ENOUGH = setting('DIFFERENTIAL_REPORT', 10);

/**
 * Compares the oracle's answers with kubelet-guard's.
 *
 * @param count the number of queries, before scaling
 * @param recorder stores answers
 */
export async function compare(
  oracle: Oracle,
  queries: fc.Arbitrary<Query>,
  count: number,
  recorder?: Recorder,
): Promise<{ compared: number; parsed: number; left: ReadonlyMap<string, number>; found: Disagreement[] }> {
  const found: Disagreement[] = [];
  const causes = new Set<string>();
  const left = new Map<string, number>();
  let compared = 0;
  let parsed = 0;
  const wanted = count * scale;
  for (let batch = 0; batch * BATCH < wanted && found.length < ENOUGH; batch += 1) {
    const size = Math.min(BATCH, wanted - batch * BATCH);
    const asked = fc.sample(queries, { numRuns: size, seed: seed + batch });
    const answers = await oracle.ask(asked);
    for (const [index, query] of asked.entries()) {
      const answer = answers[index] ?? { parses: false };
      const reason = incomparable(query, answer);
      if (reason !== undefined) {
        left.set(reason, (left.get(reason) ?? 0) + 1);
        continue;
      }
      compared += 1;
      if (answer.parses) parsed += 1;
      recorder?.add(query, answer);
      const difference = disagreement(query, answer);
      if (difference === undefined || found.length >= ENOUGH || causes.has(causeOf(difference))) continue;
      causes.add(causeOf(difference));
      const least = await minimised(oracle, query);
      if (!causes.has(causeOf(least.reason)) || causeOf(least.reason) === causeOf(difference)) found.push(least);
      causes.add(causeOf(least.reason));
    }
  }
  return { compared, parsed, left, found };
}

/** A disagreement without its details, so that one cause is reported once. */
function causeOf(reason: string): string {
  return reason.replace(/"(?:[^"\\]|\\.)*"|--[\w-]+|\d+|\{.*|\$DIR\S*|\/[\w./-]+|'.*'/g, '');
}

/** Removes arguments, lines and files as long as the disagreement stays. */
async function minimised(oracle: Oracle, query: Query): Promise<Disagreement> {
  let best = query;
  let reason = '';
  let shrunk = true;
  for (let round = 0; shrunk && round < 40; round += 1) {
    shrunk = false;
    const candidates = [best, ...smaller(best)];
    const answers = await oracle.ask(candidates);
    for (const [index, candidate] of candidates.entries()) {
      const answer = answers[index] ?? { parses: false };
      const difference = incomparable(candidate, answer) === undefined ? disagreement(candidate, answer) : undefined;
      if (difference === undefined) continue;
      reason = difference;
      if (index === 0) continue;
      best = candidate;
      shrunk = true;
      break;
    }
  }
  return { reason, query: best };
}

function smaller(query: Query): Query[] {
  if ('document' in query) return without(query.document.split('\n'), '\n').map((document) => ({ ...query, document }));
  const { args } = query;
  const fewer = args.map((_, index) => ({ ...query, args: args.toSpliced(index, 1) }));
  if (query.component === 'kube-apiserver') return fewer;
  const files = query.files ?? {};
  const lessFiles = Object.keys(files).flatMap((name) => [
    { ...query, files: Object.fromEntries(Object.entries(files).filter(([other]) => other !== name)) },
    ...without((files[name] ?? '').split('\n'), '\n').map((text) => ({ ...query, files: { ...files, [name]: text } })),
  ]);
  return [...fewer, ...lessFiles];
}

function without(parts: readonly string[], separator: string): string[] {
  return parts.length < 2 ? [] : parts.map((_, index) => parts.toSpliced(index, 1).join(separator));
}

/** The disagreements as text. */
export function report(found: readonly Disagreement[]): string {
  return found.map(({ reason, query }) => `${reason}\n    ${JSON.stringify(query)}`).join('\n');
}

/** Writes a line to standard error, which jest does not capture. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Compares, prints the counts, and returns the disagreements as text. */
export async function compareAndSay(
  oracle: Oracle,
  what: string,
  queries: fc.Arbitrary<Query>,
  count: number,
): Promise<string> {
  const recorder =
    process.env.RECORD_ORACLE === '1' ? new Recorder(what.replaceAll(' ', '-').toLowerCase()) : undefined;
  const { compared, parsed, left, found } = await compare(oracle, queries, count, recorder);
  recorder?.write();
  say(`${what}: ${compared} compared, ${parsed} of them parse; again with DIFFERENTIAL_SEED=${seed}`);
  for (const [reason, times] of left) say(`  ${times} not compared: ${reason}`);
  return report(found);
}

/** Asks what each pod's containers start, and compares kubelet-guard's settings from the document with those of kube-apiserver. */
export async function compareStartsAndSay(oracle: Oracle, pods: fc.Arbitrary<Query>, count: number): Promise<string> {
  const found: Disagreement[] = [];
  let compared = 0;
  for (let batch = 0; batch * BATCH < count * scale && found.length < ENOUGH; batch += 1) {
    const asked = fc.sample(pods, { numRuns: Math.min(BATCH, count * scale - batch * BATCH), seed: seed + batch });
    const starts = (await oracle.ask(asked)).flatMap(({ containers = {} }, index) =>
      Object.entries(containers as Readonly<Record<string, readonly string[] | null>>).flatMap(([container, argv]) => {
        const pod = asked[index];
        const [program, ...args] = argv ?? [];
        const query: Query = { component: 'kube-apiserver', args };
        return pod && program?.split('/').at(-1) === 'kube-apiserver' ? [{ pod, container, query }] : [];
      }),
    );
    const answers = await oracle.ask(starts.map(({ query }) => query));
    for (const [index, { pod, container, query }] of starts.entries()) {
      const answer = answers[index] ?? { parses: false };
      const reason = 'document' in pod ? startDisagreement(pod.document, container, query, answer) : undefined;
      compared += 1;
      if (reason !== undefined) found.push({ reason, query: pod });
    }
  }
  say(`${compared} containers that start kube-apiserver compared; again with DIFFERENTIAL_SEED=${seed}`);
  return report(found.slice(0, ENOUGH));
}
