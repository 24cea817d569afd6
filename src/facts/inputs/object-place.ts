// Where the objects of declared clusters were found, and their components if they cannot be read.

import { asRecord, asText } from '../../json.ts';
import type { Problem } from '../../policy/reading.ts';
import {
  unreadableConfiguredApiServer,
  unreadableConfiguredKubelet,
  type ConfigurationPlace,
} from './configuration.ts';
import type { FoundObject } from './input.ts';

/** The place of an object that has a kind and a name. */
export function objectPlace({ object, source, vantage }: FoundObject): ConfigurationPlace {
  const { name, namespace } = asRecord(object.metadata);
  const kind = asText(object.kind) ?? '';
  const known = asText(namespace);
  return {
    name: asText(name) ?? kind,
    ...(known !== undefined && { namespace: known }),
    ...{ kind, source, vantage, surface: 'declared-cluster' },
  };
}

/** The components of an object that cannot be read. */
export function unreadableParts(found: FoundObject, problem: Problem, isServer: boolean) {
  const place = objectPlace(found);
  const kubelet = unreadableConfiguredKubelet(problem, place);
  return isServer ? [unreadableConfiguredApiServer(problem, place), kubelet] : [kubelet];
}
