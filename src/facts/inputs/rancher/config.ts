// `config.yaml` of k3s and RKE2, and the files of `config.yaml.d`.

import type { Subject } from '../../../policy/subject.ts';
import { rancherSubjects, type RancherProgram } from '../../declared/rancher.ts';
import { argumentsOfConfigs } from '../../host/launchers/rancher/arguments.ts';
import {
  inDocument,
  unreadableConfiguredApiServer,
  unreadableConfiguredKubelet,
  type ConfigurationPlace,
} from '../configuration.ts';
import type { FoundObject, Input } from '../input.ts';
import { isRancherConfig, isServerConfig, rancherProgramOf } from './config-keys.ts';

const NAMES: Readonly<Record<RancherProgram, string>> = { k3s: 'k3s', rke2: 'RKE2' };
/** The kinds of the subjects of these files. */
export const RANCHER_CONFIG_KINDS: readonly string[] = Object.values(NAMES).map(kindOf);

/** A configuration file. Each is read alone: the others of its node may override it. */
export const rancherConfig: Input = {
  name: '`config.yaml` of k3s and RKE2',
  surfaces: ['declared-cluster'],
  matches: isRancherConfig,
  read: (found) => {
    const { object, budget } = found;
    const subjects: Subject[] = rancherSubjects(
      placeOf(found),
      {
        program: program(found),
        given: argumentsOfConfigs([{ keys: object, pointer: '' }]),
        isServer: isServerConfig(object),
      },
      budget,
    );
    return subjects.map((subject) => inDocument({ ...subject, platform: program(found) }, found.pointer));
  },
  unreadable: (found, problem) => [
    ...(isServerConfig(found.object) ? [unreadableConfiguredApiServer(problem, placeOf(found))] : []),
    unreadableConfiguredKubelet(problem, placeOf(found)),
  ],
};

function program({ object, source }: FoundObject): RancherProgram {
  return rancherProgramOf(object, 'path' in source ? source.path : '');
}

function placeOf(found: FoundObject): ConfigurationPlace {
  const { source, vantage } = found;
  const name = NAMES[program(found)];
  return { name: `${name} config.yaml`, kind: kindOf(name), source, vantage, surface: 'declared-cluster' };
}

function kindOf(name: string): string {
  return `${name} configuration`;
}
