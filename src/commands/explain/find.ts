// Finds what the arguments of `explain` name: slugs, ids of benchmarks, and benchmarks.

import { didYouMean } from '../../did-you-mean.ts';
import {
  benchmarkNames,
  findBenchmark,
  selectBenchmark,
  type BenchmarkChoice,
} from '../../policy/benchmarks/select.ts';
import { controlsWithId } from '../../policy/benchmarks/shown.ts';
import type { BenchmarkId, ControlMetadata } from '../../policy/control.ts';
import { StartError } from '../../runtime/start-error.ts';

/** A control that an id names, and where. */
export interface Meaning {
  readonly control: ControlMetadata;
  readonly ids: readonly BenchmarkId[];
}

/** What one argument names: a benchmark whose controls are listed, or controls to explain. */
export type Request =
  | { readonly benchmark: string; readonly list: readonly ControlMetadata[] }
  | {
      readonly explain: readonly ControlMetadata[];
      /** The id, and all that it can mean, if benchmarks use it for different controls. */
      readonly ambiguous?: { readonly id: string; readonly meanings: readonly Meaning[] };
    };

/**
 * Finds what the arguments name: `kubelet-client-ca`, `4.2.3`, `V-242420`, `cis-aks 3.2.3` in one argument or in two, `cis-aks`.
 *
 * @throws StartError if one names nothing
 */
export function findRequests(args: readonly string[], controls: readonly ControlMetadata[]): Request[] {
  const words = args.flatMap((text) => text.split(/\s+/).filter((word) => word !== ''));
  const requests: Request[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const benchmark = findBenchmark(word);
    const next = words[index + 1];
    if (benchmark === undefined) {
      requests.push(findOne(word, controls));
    } else if (next === undefined || !hasId(controls, next)) {
      requests.push({ benchmark: benchmark.name, list: within(benchmark, controls) });
    } else {
      index += 1;
      requests.push(findIn(benchmark, next, controls));
    }
  }
  return requests;
}

function findOne(word: string, controls: readonly ControlMetadata[]): Request {
  const control = controls.find(({ slug }) => slug === word.toLowerCase());
  if (control) return { explain: [control] };
  const meanings = meaningsOf(word, controls);
  if (meanings.length === 0) throw unknown(word, controls);
  const explain = controlsWithId(controls, word);
  return meanings.length === explain.length ? { explain } : { explain, ambiguous: { id: word, meanings } };
}

function findIn(benchmark: BenchmarkChoice, id: string, controls: readonly ControlMetadata[]): Request {
  const own = within(benchmark, controls);
  const named = controlsWithId(own, id).map(({ slug }) => slug);
  const explain = controls.filter(({ slug }) => named.includes(slug));
  if (explain.length > 0) return { explain };
  const ids = own.flatMap(({ benchmarks }) => benchmarks.map((entry) => entry.id));
  const known = ids.length === 0 ? 'it has none of the controls' : `the ids are ${[...new Set(ids)].join(', ')}`;
  throw new StartError('usage', `${benchmark.name} has no control ${id}; ${known}`);
}

/** The controls that a benchmark has, with its ids only. */
function within(benchmark: BenchmarkChoice, controls: readonly ControlMetadata[]): ControlMetadata[] {
  return selectBenchmark(controls, benchmark).filter(({ benchmarks }) => benchmarks.length > 0);
}

function meaningsOf(wanted: string, controls: readonly ControlMetadata[]): Meaning[] {
  const lower = wanted.toLowerCase();
  return controls
    .map((control) => ({
      control,
      ids: control.benchmarks.filter(({ id }) => id.toLowerCase().split(', ').includes(lower)),
    }))
    .filter(({ ids }) => ids.length > 0);
}

/** Whether a word is an id and no slug or benchmark: ids have digits, and no benchmark has the name of an id. */
function hasId(controls: readonly ControlMetadata[], word: string): boolean {
  return (
    /\d/.test(word) && findBenchmark(word) === undefined && controls.every(({ slug }) => slug !== word.toLowerCase())
  );
}

function unknown(word: string, controls: readonly ControlMetadata[]): StartError {
  const slugs = controls.map(({ slug }) => slug);
  const ids = controls.flatMap(({ benchmarks }) => benchmarks.flatMap(({ id }) => id.split(', ')));
  const near = didYouMean(word, [...slugs, ...ids, ...benchmarkNames().flat()]);
  const start = `there is no control ${JSON.stringify(word)}; ${near === '' ? '' : `${near} `}`;
  return new StartError(
    'usage',
    `${start}the controls are ${slugs.join(', ')}; ids of benchmarks are listed by kubelet-guard explain`,
  );
}
