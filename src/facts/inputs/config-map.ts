// Inputs that are a ConfigMap with a configuration in one of its keys.

import { asRecord, asString, asText, type UnknownRecord } from '../../json.ts';
import type { Origin, Problem } from '../../policy/reading.ts';
import type { Subject } from '../../policy/subject.ts';
import type { EmbeddedDocument } from '../kubeadm/component-documents.ts';
import type { Budget } from '../budget.ts';
import { parseFirst } from '../yaml/documents.ts';
import { embedded, type Configuration, type ConfigurationPlace } from './configuration.ts';
import type { ConfigMapName, FoundObject, Input } from './input.ts';

/** A ConfigMap that a component or its installer reads. */
interface ConfigMapKind extends ConfigMapName, Pick<Input, 'platform'> {
  /** Further names: of older versions, of copies. They are read, but not watched. */
  readonly otherNames?: RegExp;
  readonly key: string;
  /** Reads the key's text. Without it, the first document counts. */
  readonly parse?: (text: string, budget: Budget) => EmbeddedDocument;
  readonly configuration: Configuration;
  /** Tells whether a document is such a configuration. */
  readonly holds: (value: unknown) => boolean;
}

const RESOURCE = {
  ...{ group: '', version: 'v1', kind: 'ConfigMap', resource: 'configmaps', subResource: '' },
  operations: ['CREATE', 'UPDATE'],
} as const;

/** Makes the input of a ConfigMap. */
export function configMapInput(kind: ConfigMapKind): Input {
  const { namespace, name, platform, otherNames, configuration } = kind;
  return {
    name: `ConfigMap ${namespace}/${name}`,
    ...(platform && { platform }),
    surfaces: [configuration.surface],
    matches: (object) => {
      if (object.kind !== 'ConfigMap') return false;
      const named = namesOf(object);
      return named.namespace === namespace && (named.name === name || otherNames?.test(named.name) === true);
    },
    read: (found) => readKey(kind, found),
    unreadable: (found, problem) => {
      const origin: Origin = { layer: 'file', pointer: pointerOf(kind, found) };
      return [configuration.unreadable({ ...problem, origin }, placeOf(kind, found))];
    },
    resources: [RESOURCE],
    configMap: { namespace, name },
  };
}

function readKey(kind: ConfigMapKind, found: FoundObject): Subject[] {
  const { key, parse = readFirst, configuration, holds } = kind;
  const place = placeOf(kind, found);
  const origin: Origin = { layer: 'file', pointer: pointerOf(kind, found) };
  const unreadable = (reason: string): Subject[] => {
    const message = `the key ${key} of ${place.name} ${reason}`;
    return [configuration.unreadable({ code: 'malformed', message, origin }, place)];
  };
  const text = asString(asRecord(found.object.data)[key]);
  if (text === undefined) return unreadable('is missing, so what reads it would fail; restore it');
  const { document, fault } = parse(text, found.budget);
  if (document === undefined) return unreadable('holds no document; restore it');
  if ('problem' in document) return unreadable(`is ${document.problem.message}`);
  if (!holds(document.value)) return unreadable('holds another kind of document than expected');
  const message = `kubeadm rejects the key ${key} of ${place.name}: ${fault ?? ''}; keep one document in it`;
  const doubts: Problem[] = fault === undefined ? [] : [{ code: 'malformed', message, origin }];
  return configuration
    .read(document, place, found.budget)
    .map((subject) => embedded(subject, pointerOf(kind, found), document.index === 0))
    .map((subject) => ({ ...subject, doubts: [...subject.doubts, ...doubts] }));
}

function readFirst(text: string, budget: Budget): EmbeddedDocument {
  return { document: parseFirst(text, budget) };
}

function placeOf(kind: ConfigMapKind, { object, source, vantage }: FoundObject): ConfigurationPlace {
  return { ...namesOf(object), kind: 'ConfigMap', source, vantage, surface: kind.configuration.surface };
}

function pointerOf({ key }: ConfigMapKind, { pointer }: FoundObject): string {
  return `${pointer}/data/${key}`;
}

/** A ConfigMap without a namespace, as in a file for `kubectl --namespace`, counts as one of kube-system. */
function namesOf(object: UnknownRecord): ConfigMapName {
  const { name, namespace } = asRecord(object.metadata);
  return { name: asString(name) ?? '', namespace: asText(namespace) ?? 'kube-system' };
}
