// Whether a file that lies in a folder can matter: by its name, and by the words in its bytes. Nothing else of a folder is parsed.

import { fileClass } from './file-class.ts';
import { nearestNames } from './file-names.ts';
import { SETTING_SPELLINGS } from './setting-names.ts';

/**
 * What no configuration of a component, and no start of one, can do without. Several expressions, each with few first letters,
 * are many times faster than one.
 */
const WORDS: readonly RegExp[] = [
  // components and launchers; the answer of a server that refused
  /kubelet|kube-?api|kubeadm|kubelite|kubeone|k3d\.io|karpenter|kind"?:\s?"?status|kind\.x-k8s\.io|kops\.k8s\.io/i,
  new RegExp(`${SETTING_SPELLINGS}|apiserver|settings\\.kubernetes`, 'i'),
  /\b(?:k3s|k0s|rke2|talos|microk8s|hyperkube)\b/i,
  // groups of objects that can declare a component without naming it
  /apiVersion"?:\s?["']?[\w.-]{0,40}(?:cluster\.x-k8s\.io|k0sproject\.io|cattle\.io|eksctl\.io|eks\.aws|machineconfiguration\.openshift\.io)/,
  // letters that are written as escapes can be any of the words
  /\\(?:u00|x)(?:2d|[4-7])/,
  // `ubelet` and `piserver` in base64, at any offset; the case of the first letter varies
  /dWJlbGV0|ViZWxld|1YmVsZX|cGlzZXJ2ZX|Bpc2VydmVy|waXNlcnZlc/,
];
/** The answer of a server that refused is all of a file. */
const ANSWER = /^\s{0,9}(?:unauthorized|forbidden \(|40[134] |client sent an http|error: you must be)/i;

/** Names that tell enough: of components, and of the environment files of units, which may hold only a part of a value. */
const OUR_PATHS = /kubelet|kubeadm|apiserver|(?:^|\/)(?:default|sysconfig)\/[^/]+$|\.env$|etc\/kubernetes\/[^/.]+$/i;

/** Whether a file in a folder can hold something that is checked, or that is a problem if nothing reads it. */
export function canMatter(path: string, bytes: Uint8Array): boolean {
  const { buffer, byteOffset, length } = bytes;
  const text = Buffer.from(buffer, byteOffset, length).toString('latin1');
  return WORDS.some((words) => words.test(text)) || ANSWER.test(text) || OUR_PATHS.test(nearestNames(path));
}

/** Whether a file in a folder is looked at, by its path alone. */
export function hasRelevantName(path: string): boolean {
  return fileClass(path) !== 'other';
}
