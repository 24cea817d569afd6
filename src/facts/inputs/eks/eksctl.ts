// eksctl's `ClusterConfig`: the scripts of its node groups, and the settings of kubelets, of which eksctl rejects the checked ones
// (eksctl pkg/apis/eksctl.io/v1alpha5/validation.go, validateNodeGroupKubeletExtraConfig).

import { asArray, asRecord, asRecords, asString, asText } from '../../../json.ts';
import { pointerOf } from '../../values/shape.ts';
import { unreadableConfiguredKubelet, type ConfigurationPlace } from '../configuration.ts';
import type { EmbeddedText, FoundObject, Input } from '../input.ts';
import { eksKubelet } from './kubelet.ts';

const REJECTED = ['authentication', 'authorization', 'kind', 'apiVersion', 'address'];
const GROUPS = ['nodeGroups', 'managedNodeGroups'];

/** The configuration of a cluster. */
export const eksctl: Input = {
  name: 'eksctl `ClusterConfig`',
  platform: 'eks',
  surfaces: ['declared-cluster'],
  matches: ({ apiVersion, kind }) => kind === 'ClusterConfig' && (asString(apiVersion) ?? '').startsWith('eksctl.io/'),
  read: (found) =>
    GROUPS.flatMap((groups) =>
      asRecords(found.object[groups]).flatMap((group, at) => {
        const extra = asRecord(group.kubeletExtraConfig);
        const rejected = REJECTED.find((name) => Object.hasOwn(extra, name));
        if (rejected === undefined) return [];
        const pointer = `${found.pointer}${pointerOf([groups, String(at), 'kubeletExtraConfig', rejected])}`;
        const reason = `eksctl rejects ${rejected} in kubeletExtraConfig`;
        const place = placeOf(found, asText(group.name));
        return eksKubelet(place, { words: [], configurations: [] }, found.budget).map((subject) => ({
          ...subject,
          refusal: { reason, origin: { layer: 'file', pointer } as const },
        }));
      }),
    ),
  contents: ({ object }) =>
    GROUPS.flatMap((groups) =>
      asRecords(object[groups]).flatMap((group, at): EmbeddedText[] => {
        const names = [groups, String(at)];
        const script = (value: unknown, own: readonly string[]): EmbeddedText[] => {
          const text = asText(value);
          return text === undefined ? [] : [{ path: '/bootstrap.sh', text, pointer: pointerOf([...names, ...own]) }];
        };
        return [
          ...script(group.overrideBootstrapCommand, ['overrideBootstrapCommand']),
          ...asArray(group.preBootstrapCommands).flatMap((command, index) =>
            script(command, ['preBootstrapCommands', String(index)]),
          ),
        ];
      }),
    ),
  unreadable: (found, problem) => [unreadableConfiguredKubelet(problem, placeOf(found, undefined))],
};

function placeOf({ object, source, vantage }: FoundObject, group: string | undefined): ConfigurationPlace {
  const cluster = asText(asRecord(object.metadata).name) ?? 'eksctl';
  const name = group === undefined ? cluster : `${cluster}/${group}`;
  return { name, kind: 'eksctl ClusterConfig', source, vantage, surface: 'declared-cluster' };
}
