// Kinds that configure a component or declare one, found in texts and in objects that are inside of other ones.

import { stringOrEmpty, type UnknownRecord } from '../../../json.ts';

const KIND =
  /^(?:KubeletConfiguration|ClusterConfiguration|InitConfiguration|JoinConfiguration|KubeAPIServerConfig|KubeadmControlPlane(?:Template)?|KubeadmConfig(?:Template)?)$/;
const GROUP = /^(?:kubelet\.config\.k8s\.io|kubeadm\.k8s\.io|kubecontrolplane\.config\.openshift\.io)\//;
const IN_TEXT =
  /^[ \t"'{-]{0,200}kind["']?[ \t]{0,8}:[ \t]{0,8}["']?(KubeletConfiguration|ClusterConfiguration|InitConfiguration|JoinConfiguration|KubeAPIServerConfig|KubeadmControlPlane(?:Template)?|KubeadmConfig(?:Template)?)\b/m;

/** The first kind in a text that configures a component. */
export function declaredIn(text: string): { readonly kind: string; readonly at: number } | undefined {
  const found = IN_TEXT.exec(text);
  return found === null ? undefined : { kind: found[1] ?? '', at: found.index };
}

/** The kind of an object, if it configures a component. */
export function declaredKind({ apiVersion, kind }: UnknownRecord): string | undefined {
  const name = stringOrEmpty(kind);
  return KIND.test(name) && GROUP.test(stringOrEmpty(apiVersion)) ? name : undefined;
}
