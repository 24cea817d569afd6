// Lists the pods and ConfigMaps of a cluster that can configure or run our components.

import type { RawDocument } from '../../policy/document.ts';
import type { ProblemCode, SourceProblem } from '../../policy/reading.ts';
import { ApiFault } from '../api.ts';
import type { ObjectApi } from '../watch/object-watch.ts';
import { pagesOf } from './pages.ts';

/** What can be listed of a cluster. */
export interface ListedObjects {
  readonly pods: ObjectApi;
  readonly configMap: (name: string) => ObjectApi;
}

/** What is listed. */
export interface ListOptions {
  readonly namespaces: Iterable<string>;
  /** Only those in one of the namespaces are listed. */
  readonly configMaps: readonly { readonly namespace: string; readonly name: string }[];
}

/**
 * Lists the pods of namespaces and some of the ConfigMaps in them, one object at a time.
 *
 * @returns each object, and a problem for whatever could not be listed; never throws but where the signal aborts
 */
export async function* listObjects(
  { pods, configMap }: ListedObjects,
  { namespaces, configMaps }: ListOptions,
  signal: AbortSignal,
): AsyncGenerator<RawDocument | SourceProblem, void> {
  for (const namespace of namespaces) {
    yield* list(pods, { kind: 'Pod', namespace, what: 'pods' }, signal);
    for (const { name } of configMaps.filter((known) => known.namespace === namespace)) {
      yield* list(configMap(name), { kind: 'ConfigMap', namespace, what: `the ConfigMap ${name}` }, signal);
    }
  }
}

interface Wanted {
  readonly kind: 'Pod' | 'ConfigMap';
  readonly namespace: string;
  readonly what: string;
}

async function* list(
  api: ObjectApi,
  { kind, namespace, what }: Wanted,
  signal: AbortSignal,
): AsyncGenerator<RawDocument | SourceProblem, void> {
  const vantage = kind === 'Pod' ? 'running' : 'declared';
  const ask = async (token: string | undefined) => {
    const { objects: items, next } = await api.list(namespace, token, signal);
    return { items, next };
  };
  try {
    for await (const page of pagesOf(ask, ({ uid }) => uid)) {
      for (const { name, object } of page) {
        yield { form: 'object', source: { object: `${kind} ${namespace}/${name}` }, vantage, value: object };
      }
    }
  } catch (cause) {
    signal.throwIfAborted();
    yield listProblem(cause, namespace, what);
  }
}

function listProblem(cause: unknown, namespace: string, what: string): SourceProblem {
  const reason = cause instanceof Error ? cause.message : 'no reason given';
  const [code, advice] = adviceOn(cause, namespace);
  const message = `could not list ${what} of ${namespace}: ${reason}; ${advice}`;
  return { problem: { code, message }, source: { object: `${what} of ${namespace}` } };
}

function adviceOn(cause: unknown, namespace: string): readonly [ProblemCode, string] {
  const status = cause instanceof ApiFault ? cause.status : undefined;
  if (status === 401) return ['unauthorized', 'renew the credentials'];
  if (status === 403) return ['forbidden', `grant list on them in ${namespace}`];
  return ['unreachable', 'the next sweep tries again'];
}
