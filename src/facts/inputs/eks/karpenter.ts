// Karpenter's `EC2NodeClass`, which was `AWSNodeTemplate` once: its user data is MIME, a NodeConfig or a script, by the family of the image. Its own `kubelet` section has
// none of the checked settings.

import { asRecord, asString, asText } from '../../../json.ts';
import { unreadableConfiguredKubelet } from '../configuration.ts';
import type { Input } from '../input.ts';

const GROUP = 'karpenter.k8s.aws';

/** An EC2NodeClass. */
export const ec2NodeClass: Input = {
  name: 'Karpenter `EC2NodeClass`',
  platform: 'eks',
  surfaces: ['declared-cluster'],
  matches: ({ apiVersion, kind }) =>
    (kind === 'EC2NodeClass' || kind === 'AWSNodeTemplate') && (asString(apiVersion) ?? '').startsWith(`${GROUP}/`),
  read: () => [],
  contents: ({ object }) => {
    const text = asText(asRecord(object.spec).userData);
    return text === undefined ? [] : [{ path: 'userData', text, pointer: '/spec/userData' }];
  },
  unreadable: ({ object, source, vantage }, problem) => {
    const name = asText(asRecord(object.metadata).name) ?? 'EC2NodeClass';
    return [
      unreadableConfiguredKubelet(problem, {
        name,
        kind: 'EC2NodeClass',
        source,
        vantage,
        surface: 'declared-cluster',
      }),
    ];
  },
  resources: [
    {
      ...{
        group: GROUP,
        version: 'v1',
        otherVersions: ['v1beta1'],
        kind: 'EC2NodeClass',
        resource: 'ec2nodeclasses',
        subResource: '',
      },
      operations: ['CREATE', 'UPDATE'],
      reads: [['spec', 'userData']],
    },
  ],
};
