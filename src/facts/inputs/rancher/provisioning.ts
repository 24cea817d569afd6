// Rancher's clusters of RKE2 and k3s: the configuration of all machines, and of those with certain labels (rancher
// pkg/apis/rke.cattle.io/v1, pkg/capr/planner/config.go, addUserConfig).

import { asRecord, asRecords, asText, isRecord, type UnknownRecord } from '../../../json.ts';
import type { Problem } from '../../../policy/reading.ts';
import type { Subject } from '../../../policy/subject.ts';
import { minorOf } from '../../argv/flags.ts';
import type { Budget } from '../../budget.ts';
import { rancherSubjects } from '../../declared/rancher.ts';
import { argumentsOfConfigs, type RancherArgument } from '../../host/launchers/rancher/arguments.ts';
import { pointerOf, valueAt } from '../../values/shape.ts';
import { inDocument } from '../configuration.ts';
import type { FoundObject, Input } from '../input.ts';
import { hidden } from './node-files.ts';
import { objectPlace, unreadableParts } from '../object-place.ts';

/** A Cluster of `provisioning.cattle.io` with `rkeConfig`, or the RKEControlPlane that Rancher makes of it. */
export const rancherCluster: Input = {
  name: 'Rancher `Cluster`, `RKEControlPlane`',
  platform: 'rancher',
  surfaces: ['declared-cluster'],
  matches: (object) => wayOf(object) !== undefined,
  read: (found) => {
    const names = wayOf(found.object);
    return names === undefined ? [] : read(names, found).map((subject) => inDocument(subject, found.pointer));
  },
  unreadable: (found, problem) => unreadableParts(found, problem, true),
  resources: [
    {
      ...{ group: 'provisioning.cattle.io', version: 'v1', kind: 'Cluster', resource: 'clusters', subResource: '' },
      ...{
        operations: ['CREATE', 'UPDATE'],
        reads: [
          ['spec', 'rkeConfig'],
          ['spec', 'kubernetesVersion'],
        ],
      },
    },
  ],
};

/** The way to the configuration; undefined for other objects, as a cluster that was imported. */
function wayOf({ apiVersion, kind, spec }: UnknownRecord): readonly string[] | undefined {
  if (apiVersion === 'rke.cattle.io/v1' && kind === 'RKEControlPlane') return ['spec'];
  const isCluster = apiVersion === 'provisioning.cattle.io/v1' && kind === 'Cluster';
  return isCluster && isRecord(asRecord(spec).rkeConfig) ? ['spec', 'rkeConfig'] : undefined;
}

function read(names: readonly string[], found: FoundObject): Subject[] {
  const { object, budget } = found;
  const version = asText(asRecord(object.spec).kubernetesVersion) ?? '';
  const configuration = asRecord(valueAt(object, names));
  const selected = asRecords(configuration.machineSelectorConfig);
  const place = objectPlace(found);
  const base = {
    program: /\bk3s/.test(version) ? 'k3s' : 'rke2',
    minor: minorOf(version),
    isServer: true,
    doubts: fileDoubts(configuration, names),
  } as const;
  const own = settingsOf(configuration.machineGlobalConfig, [...names, 'machineGlobalConfig']);
  const all: Group = { name: place.name, given: own.given };
  const groups = [all];
  for (const [at, { config, machineLabelSelector: selector }] of selected.entries()) {
    const settings = settingsOf(config, [...names, 'machineSelectorConfig', String(at), 'config']);
    if (!isRecord(selector)) for (const group of groups) group.given = replaced(group.given, settings, budget);
    // machines that get none of these are judged already
    else if (settings.keys.some((key) => DECIDING.has(key)))
      groups.push({ name: `${place.name}/selector ${String(at)}`, given: replaced(all.given, settings, budget) });
  }
  return groups.flatMap(({ name, given }) => rancherSubjects({ ...place, name }, { ...base, given }, budget));
}

/** Machines with the same configuration. */
interface Group {
  readonly name: string;
  given: readonly RancherArgument[];
}

const DECIDING = new Set(['kube-apiserver-arg', 'kubelet-arg', 'data-dir', 'disable-agent', 'disable-apiserver']);

interface Settings {
  readonly keys: readonly string[];
  readonly given: readonly RancherArgument[];
}

/** Rancher leaves empty values out (PruneEmpty). */
function settingsOf(config: unknown, names: readonly string[]): Settings {
  const all = asRecord(config);
  const keys = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null && value !== ''));
  return { keys: Object.keys(all), given: argumentsOfConfigs([{ keys, pointer: pointerOf(names) }]) };
}

/** The values of a key replace those before. */
function replaced(
  before: readonly RancherArgument[],
  { keys, given }: Settings,
  budget: Budget,
): readonly RancherArgument[] {
  budget.steps(before.length * (keys.length + 1) + given.length);
  return [...before.filter(({ name }) => !keys.includes(name)), ...given];
}

/** Files of Secrets and ConfigMaps, which the cluster does not show. */
function fileDoubts(configuration: UnknownRecord, names: readonly string[]): Problem[] {
  return asRecords(configuration.machineSelectorFiles).flatMap(({ fileSources }, at) =>
    asRecords(fileSources).flatMap(({ secret, configMap }) =>
      [secret, configMap].flatMap((source) =>
        asRecords(asRecord(source).items).flatMap(({ path }) =>
          typeof path === 'string' && /\/config\.yaml|\/kubelet\.conf\.d\//.test(path)
            ? [hidden(`the file ${path}`, pointerOf([...names, 'machineSelectorFiles', String(at)]))]
            : [],
        ),
      ),
    ),
  );
}
