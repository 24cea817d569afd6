// EKS `NodeConfig`: nodeadm writes `spec.kubelet.config` as the kubelet's last drop-in, and gives it `spec.kubelet.flags` after its own
// (awslabs/amazon-eks-ami nodeadm/internal/kubelet/config.go, writeKubeletConfigToDir; environment.go).

import { asArray, asRecord, asString, asText, isRecord, scalarText } from '../../../json.ts';
import { wordOf } from '../../argv/words.ts';
import { splitWords } from '../../systemd/syntax.ts';
import { inDocument, unreadableConfiguredKubelet, type ConfigurationPlace } from '../configuration.ts';
import type { FoundObject, Input } from '../input.ts';
import { eksKubelet, KUBELET_TYPE } from './kubelet.ts';

/** A NodeConfig, in a file or in user data. */
export const nodeConfig: Input = {
  name: 'EKS `NodeConfig`',
  surfaces: ['declared-cluster'],
  matches: ({ apiVersion, kind }) => kind === 'NodeConfig' && (asString(apiVersion) ?? '').startsWith('node.eks.aws/'),
  read: (found) => {
    const { config, flags } = asRecord(asRecord(found.object.spec).kubelet);
    const words = asArray(flags).flatMap((flag, at) =>
      // the flags become the value of a variable, which systemd splits
      splitWords(scalarText(flag) ?? '', 'value').words.map((text) =>
        wordOf(text, `/spec/kubelet/flags/${String(at)}`),
      ),
    );
    const isGiven = isRecord(config) && Object.keys(config).length > 0;
    const configurations = isGiven ? [{ value: { ...KUBELET_TYPE, ...config }, pointer: '/spec/kubelet/config' }] : [];
    return eksKubelet(placeOf(found), { words, configurations }, found.budget).map((subject) =>
      inDocument(subject, found.pointer),
    );
  },
  unreadable: (found, problem) => [unreadableConfiguredKubelet(problem, placeOf(found))],
};

function placeOf({ object, source, vantage }: FoundObject): ConfigurationPlace {
  const name = asText(asRecord(object.metadata).name) ?? 'NodeConfig';
  return { name, kind: 'NodeConfig', source, vantage, surface: 'declared-cluster' };
}
