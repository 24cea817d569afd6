// Kinds that configure a component or declare one, found in texts and in objects that are inside of other ones.

import { stringOrEmpty, type UnknownRecord } from '../../../json.ts';

const KIND =
  /^(?:KubeletConfiguration|ClusterConfiguration|InitConfiguration|JoinConfiguration|KubeAPIServerConfig|KubeadmControlPlane(?:Template)?|KubeadmConfig(?:Template)?)$/;
const GROUP = /^(?:kubelet\.config\.k8s\.io|kubeadm\.k8s\.io|kubecontrolplane\.config\.openshift\.io)\//;
const IN_TEXT =
  /^[ \t"'{-]{0,200}kind["']?[ \t]{0,8}:[ \t]{0,8}["']?(KubeletConfiguration|ClusterConfiguration|InitConfiguration|JoinConfiguration|KubeAPIServerConfig|KubeadmControlPlane(?:Template)?|KubeadmConfig(?:Template)?)\b/m;

const STARTED = /^[ \t]*ExecStart[ \t]*=.{0,200}\b(kubelet|kube-apiserver)\b/m;

/** What of a text configures or starts a component, as the end of a sentence. */
export function declaredIn(text: string): { readonly what: string; readonly at: number } | undefined {
  const found = IN_TEXT.exec(text);
  if (found !== null) return { what: `holds a ${found[1] ?? ''}`, at: found.index };
  const started = STARTED.exec(text);
  return started === null ? undefined : { what: `starts a ${started[1] ?? ''}`, at: started.index };
}

/** The kind of an object, if it configures a component. */
export function declaredKind({ apiVersion, kind }: UnknownRecord): string | undefined {
  const name = stringOrEmpty(kind);
  return KIND.test(name) && GROUP.test(stringOrEmpty(apiVersion)) ? name : undefined;
}
