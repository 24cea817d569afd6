// k3d's configuration file: the arguments of k3s on servers and agents, by node filters (k3d pkg/config, pkg/util/filter.go).

import { asArray, asRecord, asRecords, asString, asText, type UnknownRecord } from '../../../json.ts';
import type { Problem } from '../../../policy/reading.ts';
import type { Subject } from '../../../policy/subject.ts';
import { minorOf } from '../../argv/flags.ts';
import type { Word } from '../../argv/words.ts';
import { rancherSubjects } from '../../declared/rancher.ts';
import { argumentsOfWords } from '../../host/launchers/rancher/arguments.ts';
import { pointerOf } from '../../values/shape.ts';
import { inDocument } from '../configuration.ts';
import type { FoundObject, Input } from '../input.ts';
import { hidden } from './node-files.ts';
import { objectPlace, unreadableParts } from '../object-place.ts';

/** `Simple` of `k3d.io`. */
export const k3d: Input = {
  name: 'k3d `Simple`',
  platform: 'k3s',
  surfaces: ['declared-cluster'],
  matches: ({ apiVersion, kind }) => kind === 'Simple' && asString(apiVersion)?.startsWith('k3d.io/') === true,
  read: (found) => read(found).map((subject) => inDocument(subject, found.pointer)),
  unreadable: (found, problem) => unreadableParts(found, problem, true),
};

type Role = 'server' | 'agent';

/** An argument of k3s, and the nodes that get it. */
interface FilteredWord {
  readonly word: Word;
  readonly filters: readonly string[];
}

/** Nobody runs more in containers, and nodes with the same arguments are alike. */
const MOST_NODES = 64;

function read(found: FoundObject): Subject[] {
  const { object, budget } = found;
  const place = objectPlace(found);
  const words = [...filteredWords(object), ...olderWords(object)];
  const minor = minorOf(/:([^:/@]+)(?:@|$)/.exec(asText(object.image) ?? '')?.[1] ?? '');
  const doubts = [...volumeDoubts(object), ...words.flatMap(({ word, filters }) => filterDoubts(filters, word))];
  const subjects: Subject[] = [];
  const seen = new Set<string>();
  for (const role of ['server', 'agent'] as const) {
    const count = countOf(object[`${role}s`], role === 'server' ? 1 : 0);
    for (let at = 0; at < count; at += 1) {
      budget.steps(words.length);
      const own = words.filter(({ filters }) => filters.some((filter) => selects(filter, role, at)));
      const key = `${role} ${JSON.stringify(own.map(({ word }) => word.pointer))}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const { given, doubts: further } = argumentsOfWords(own.map(({ word }) => word));
      const name = at === 0 && role === 'server' ? place.name : `${place.name}/${role} ${String(at)}`;
      const node = { program: 'k3s', minor, given, isServer: role === 'server' } as const;
      subjects.push(...rancherSubjects({ ...place, name }, { ...node, doubts: [...doubts, ...further] }, budget));
    }
  }
  return subjects;
}

function countOf(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? Math.min(value, MOST_NODES) : otherwise;
}

function filteredWords(object: UnknownRecord): FilteredWord[] {
  const names = ['options', 'k3s', 'extraArgs'];
  const { extraArgs } = asRecord(asRecord(object.options).k3s);
  return asRecords(extraArgs).map(({ arg, nodeFilters }, at) => {
    const filters = asArray(nodeFilters).map((filter) => asString(filter) ?? '');
    const pointer = pointerOf([...names, String(at), 'arg']);
    // without a filter it is for the only node
    return { word: { text: asString(arg) ?? '', pointer }, filters: filters.length === 0 ? ['all'] : filters };
  });
}

/** Until v1alpha2 there is a list for each role. */
function olderWords(object: UnknownRecord): FilteredWord[] {
  const k3s = asRecord(asRecord(object.options).k3s);
  return (['server', 'agent'] as const).flatMap((role) => {
    const name = role === 'server' ? 'extraServerArgs' : 'extraAgentArgs';
    return asArray(k3s[name]).map((arg, at) => ({
      word: { text: asString(arg) ?? '', pointer: pointerOf(['options', 'k3s', name, String(at)]) },
      filters: [`${role}:*`],
    }));
  });
}

const FILTER =
  /^(servers?|agents?|loadbalancer|all)(?::(\*|\d+(?:-\d*)?(?:,\d+(?:-\d*)?)*)|\[(\*|\d+(?:-\d*)?(?:,\d+(?:-\d*)?)*)\])?(?::.*)?$/;

function selects(filter: string, role: Role, at: number): boolean {
  const [, group = '', subset, older] = FILTER.exec(filter) ?? [];
  if (group !== 'all' && !group.startsWith(role)) return false;
  const wanted = subset ?? older ?? '*';
  return wanted.split(',').some((part) => {
    const [first = '', last = first] = part.split('-');
    return part === '*' || (at >= Number(first) && at <= (last === '' ? Infinity : Number(last)));
  });
}

function filterDoubts(filters: readonly string[], { pointer = '' }: Word): Problem[] {
  return filters.some((filter) => !FILTER.test(filter))
    ? [hidden('an argument with an unknown node filter', pointer)]
    : [];
}

/** Files and variables that give k3s another configuration. */
const CONFIGURES = /\/etc\/rancher\/k3s(?:\/config\.yaml|[:@]|$)|\/kubelet\.conf\.d|K3S_CONFIG_FILE/;

function volumeDoubts(object: UnknownRecord): Problem[] {
  return ['volumes', 'env', 'files'].flatMap((name) =>
    asRecords(object[name]).flatMap((entry, at) =>
      Object.values(entry).some((value) => typeof value === 'string' && CONFIGURES.test(value))
        ? [hidden(`an entry of ${name}`, pointerOf([name, String(at)]))]
        : [],
    ),
  );
}
