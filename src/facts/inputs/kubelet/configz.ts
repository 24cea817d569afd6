// The body of a kubelet's /configz in a file: its effective configuration, after file, drop-ins and flags.

import { asRecord, isRecord } from '../../../json.ts';
import type { KubeletReadings } from '../../../policy/settings.ts';
import type { Subject } from '../../../policy/subject.ts';
import { select } from '../../select.ts';
import { decodedDocument } from '../../yaml/documents.ts';
import { inDocument, type ConfigurationPlace } from '../configuration.ts';
import type { FoundObject, Input } from '../input.ts';
import { kubeletSettingNames } from '../../readings.ts';
import { shownReadings } from '../live.ts';
import { kubeletConfiguration } from './kubelet-configuration.ts';

/** The body of `/configz`. A ConfigMap is none, whatever fields it has. */
export const configzBody: Input = {
  name: 'body of `/configz`',
  surfaces: [kubeletConfiguration.surface],
  matches: ({ kind, kubeletconfig }) => kind !== 'ConfigMap' && isRecord(kubeletconfig),
  read: (found): Subject[] => {
    const { value: config, pointer } = select('kubeletconfig', found.object);
    const effective = {
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      ...asRecord(config),
    };
    // what it does not show is not known, so that a default does not stand for it
    const hidden = hiddenIn(found.object);
    return kubeletConfiguration
      .read(decodedDocument(effective), placeOf(found), found.budget)
      .map((subject) => ({ ...inDocument(subject, pointer), ...hidden }))
      .map((subject) => inDocument(subject, found.pointer));
  },
  unreadable: (found, problem) => [kubeletConfiguration.unreadable(problem, placeOf(found))],
};

/** The readings of the settings that a body does not show. */
function hiddenIn(body: unknown): Partial<KubeletReadings> {
  const readings = shownReadings(body);
  const names = kubeletSettingNames.filter((name) => readings[name].state === 'unreadable');
  return Object.fromEntries(names.map((name) => [name, readings[name]]));
}

function placeOf({ source }: FoundObject): ConfigurationPlace {
  return { name: 'configz', kind: 'configz', source, vantage: 'live', surface: kubeletConfiguration.surface };
}
