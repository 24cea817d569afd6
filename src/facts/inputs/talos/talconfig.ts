// talhelper's `talconfig.yaml`: the patches of machine configurations that it holds as texts.

import { asArray, asRecord, asRecords, asString, isRecord, type UnknownRecord } from '../../../json.ts';
import type { Subject } from '../../../policy/subject.ts';
import { mergePatch } from '../../decoding/merge-patch.ts';
import { pointerOf, valueAt } from '../../values/shape.ts';
import { parseFirst, type ParsedDocument } from '../../yaml/documents.ts';
import {
  embeddedText,
  inDocument,
  unreadableConfiguredApiServer,
  unreadableConfiguredKubelet,
} from '../configuration.ts';
import type { FoundObject, Input } from '../input.ts';
import { isTalosConfig, talosPlace, talosSubjects } from './machine-config.ts';

/** `talconfig.yaml`. Patches in files of their own (`@file`) are read as machine configurations. */
export const talconfig: Input = {
  name: 'talhelper `talconfig.yaml`',
  platform: 'talos',
  surfaces: ['declared-cluster'],
  matches: ({ kind, clusterName, nodes, endpoint, talosVersion }) =>
    kind === undefined &&
    typeof clusterName === 'string' &&
    Array.isArray(nodes) &&
    (typeof endpoint === 'string' || typeof talosVersion === 'string'),
  read: (found) =>
    patchesOf(found.object).flatMap(({ text, names }) =>
      patchSubjects(text, pointerOf(names), found).map((subject) => inDocument(subject, found.pointer)),
    ),
  unreadable: (found, problem) => [
    unreadableConfiguredKubelet(problem, talosPlace(found)),
    unreadableConfiguredApiServer(problem, talosPlace(found)),
  ],
};

interface Patch {
  readonly text: string;
  /** The way to the patch in the document. */
  readonly names: readonly string[];
}

function patchesOf(object: UnknownRecord): Patch[] {
  const lists: (readonly string[])[] = [
    ['patches'],
    ['controlPlane', 'patches'],
    ['worker', 'patches'],
    ...asRecords(object.nodes).map((_node, at) => ['nodes', String(at), 'patches']),
  ];
  return lists.flatMap((names) =>
    asArray(valueAt(object, names)).flatMap((text, at) =>
      typeof text === 'string' ? [{ text, names: [...names, String(at)] }] : [],
    ),
  );
}

function patchSubjects(text: string, pointer: string, found: FoundObject): Subject[] {
  if (text.startsWith('@')) return [];
  const parsed = parseFirst(text, found.budget);
  if (parsed === undefined) return [];
  if ('problem' in parsed) {
    const place = talosPlace(found);
    const problem = { ...parsed.problem, origin: { layer: 'file', pointer } } as const;
    return [unreadableConfiguredKubelet(problem, place), unreadableConfiguredApiServer(problem, place)];
  }
  const config = configOf(parsed, found);
  if (!isTalosConfig(config)) return [];
  return talosSubjects(config, talosPlace(found), found.budget).map((subject) =>
    embeddedText(subject, pointer, parsed.locate),
  );
}

/** The configuration in a patch. A JSON patch counts by the values that it sets: what it removes, Talos sets itself. */
function configOf({ value }: ParsedDocument, { budget }: FoundObject): UnknownRecord {
  if (!Array.isArray(value)) return asRecord(value);
  let config: UnknownRecord = {};
  for (const { op, path, value: set } of asRecords(value)) {
    if (op !== 'add' && op !== 'replace') continue;
    const names = (asString(path) ?? '').split('/').slice(1);
    const nested = names.reduceRight<unknown>((inner, name) => ({ [name]: inner }), set);
    if (isRecord(nested)) config = mergePatch(config, nested, budget);
  }
  return config;
}
