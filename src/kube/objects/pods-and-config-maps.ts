// Lists the pods and ConfigMaps of a cluster that can configure or run our components.

import { asRecord } from '../../json.ts';
import type { RawDocument } from '../../policy/document.ts';
import type { SourceProblem } from '../../policy/reading.ts';
import { callProblem } from '../../policy/rights/denied.ts';
import type { Api } from '../api.ts';
import { objectClient, type ListQuery } from './client.ts';
import { CONFIG_MAPS, PODS, type Resource } from './resources.ts';

/** What is listed. */
export interface PodsAndConfigMaps {
  readonly namespaces: Iterable<string>;
  /** Only those in one of the namespaces are listed. */
  readonly configMaps: readonly { readonly namespace: string; readonly name: string }[];
}

/**
 * Lists the pods of namespaces and some of the ConfigMaps in them, one object at a time.
 *
 * @returns each object, and a problem for whatever could not be listed; throws only where the signal aborts
 */
export async function* listPodsAndConfigMaps(
  api: Api,
  { namespaces, configMaps }: PodsAndConfigMaps,
  signal: AbortSignal,
): AsyncGenerator<RawDocument | SourceProblem, void> {
  for (const namespace of namespaces) {
    yield* list(api, { resource: PODS, query: {}, namespace, what: 'pods' }, signal);
    for (const { name } of configMaps.filter((known) => known.namespace === namespace)) {
      // rights can be given for one name, and they cover a list of that name
      const query = { fieldSelector: `metadata.name=${name}` };
      yield* list(api, { resource: CONFIG_MAPS, query, namespace, what: `the ConfigMap ${name}` }, signal);
    }
  }
}

interface Listing {
  readonly resource: Resource;
  readonly query: ListQuery;
  readonly namespace: string;
  /** How messages name it. */
  readonly what: string;
}

async function* list(
  api: Api,
  { resource, query, namespace, what }: Listing,
  signal: AbortSignal,
): AsyncGenerator<RawDocument | SourceProblem, void> {
  const vantage = resource === PODS ? 'running' : 'declared';
  try {
    for await (const page of objectClient(api, resource, { namespace }).list(query, signal)) {
      for (const value of page) {
        const { name } = asRecord(value.metadata);
        if (typeof name !== 'string') continue;
        yield { form: 'object', source: { object: `${resource.kind} ${namespace}/${name}` }, vantage, value };
      }
    }
  } catch (cause) {
    signal.throwIfAborted();
    yield callProblem(cause as Error, `${what} of ${namespace}`);
  }
}
