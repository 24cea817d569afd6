// The kubelet of an EKS node, as its image starts it.

import type { Problem } from '../../../policy/reading.ts';
import type { Subject } from '../../../policy/subject.ts';
import type { Word } from '../../argv/words.ts';
import type { Budget } from '../../budget.ts';
import { declaredKubelet, notDeclared } from '../../declared/components.ts';
import type { DeclaredFile } from '../../declared/files.ts';
import { withOrigins, type ConfigurationPlace } from '../configuration.ts';

const CONFIG = '/etc/kubernetes/kubelet/config.json';
const DIRECTORY = '/etc/kubernetes/kubelet/config.json.d';

/** The type of every configuration of a kubelet. */
export const KUBELET_TYPE = { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration' };

/** What nodeadm, and the image of Amazon Linux 2, write on these settings. */
const DEFAULTS = {
  ...KUBELET_TYPE,
  authentication: {
    anonymous: { enabled: false },
    webhook: { enabled: true },
    x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' },
  },
  authorization: { mode: 'Webhook' },
};

/** What a user adds to the kubelet of a node. */
export interface EksAdditions {
  /** Flags behind those of the image. */
  readonly words: readonly Word[];
  /** Configurations that are merged over the image's, the last one decides. */
  readonly configurations: readonly { readonly value: unknown; readonly pointer: string }[];
  readonly doubts?: readonly Problem[];
}

/** The kubelet of an EKS node. */
export function eksKubelet(place: ConfigurationPlace, additions: EksAdditions, budget: Budget): Subject[] {
  const { words, configurations, doubts = [] } = additions;
  const dropIns: DeclaredFile[] = configurations.map(({ value, pointer }, at) => ({
    path: `${DIRECTORY}/${String(40 + at)}-nodeadm.conf`,
    content: { value },
    pointer,
  }));
  const own = [`--config=${CONFIG}`, ...(dropIns.length > 0 ? [`--config-dir=${DIRECTORY}`] : [])];
  const subjects = declaredKubelet(
    place,
    {
      words: [...own, '--kubeconfig=/var/lib/kubelet/kubeconfig'].map((text) => ({ text })).concat(words),
      files: [{ path: CONFIG, content: { value: DEFAULTS }, pointer: '' }, ...dropIns],
      missing: notDeclared,
      doubts,
    },
    budget,
  );
  // nodeadm chooses the names of the files, so only the place in the document says something
  return subjects.map((subject) => withOrigins(subject, ({ file: _, ...origin }) => origin));
}
