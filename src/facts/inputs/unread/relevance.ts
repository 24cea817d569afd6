// Whether a file that lies in a folder can matter: by its name, and by the words in its bytes. Nothing else of a folder is parsed.

import { byteSearch, type SearchWord } from './byte-search.ts';
import { fileClass } from './file-class.ts';
import { nearestNames } from './file-names.ts';
import { SETTING_FLAGS } from './setting-names.ts';

/** What no configuration of a component, and no start of one, can do without. */
const COMPONENTS = ['kubelet', 'kube-api', 'kubeapi', 'apiserver', 'kubeadm', 'hyperkube', 'kubelite', 'kubeone'];
/** Launchers that contain a component. Their names are short, so what is before them counts. */
const LAUNCHERS = ['k3s', 'k0s', 'rke2', 'talos', 'microk8s'];
const BEFORE = [' ', '/', '"', "'", '=', '-', ':', '\n', '\t'];
/** Groups of objects that can declare a component without naming it. */
const GROUPS = [
  ...[
    'cluster.x-k8s.io',
    'kind.x-k8s.io',
    'kops.k8s.io',
    'k0sproject.io',
    'cattle.io',
    'k3d.io',
    'eksctl.io',
    'eks.aws',
  ],
  ...['karpenter', 'machineconfiguration.openshift.io', 'kubernetes]'],
];
/** The answer of an API server or of a kubelet that refuses. */
const ANSWERS = [
  'kind":"status"',
  'kind": "status"',
  'kind: status',
  'unauthorized',
  'forbidden (',
  '404 page not',
  'http request to an https',
];
/** Letters that are written as escapes can be any of the words. */
const ESCAPES = ['2d', '4', '5', '6', '7'].flatMap((digits) => [`\\u00${digits}`, `\\x${digits}`]);
/** Words that are searched in base64 as well, without their first letter, whose case varies. */
const ENCODED = ['ubelet', 'piserver'];

/** Names that tell enough: of components, and of the environment files of units, which may hold only a part of a value. */
const OUR_PATHS = /kubelet|kubeadm|apiserver|(?:^|\/)(?:default|sysconfig)\/[^/]+$|\.env$|etc\/kubernetes\/[^/.]+$/i;

const canHoldOurs = byteSearch(words());

/** Whether a file in a folder can hold something that is checked, or that is a problem if nothing reads it. */
export function canMatter(path: string, bytes: Uint8Array): boolean {
  return canHoldOurs(bytes) || OUR_PATHS.test(nearestNames(path));
}

/** Whether a file in a folder is looked at, by its path alone. */
export function hasRelevantName(path: string): boolean {
  return fileClass(path) !== 'other';
}

function words(): SearchWord[] {
  const settings = SETTING_FLAGS.flatMap((flag) => ['-', '_', ''].map((separator) => flag.replaceAll('-', separator)));
  const launchers = LAUNCHERS.flatMap((name) => BEFORE.map((before) => `${before}${name}`));
  return [
    ...[...COMPONENTS, ...settings, ...launchers, ...GROUPS, ...ANSWERS, ...ESCAPES].map((text) => ({ text })),
    ...ENCODED.flatMap((word) => [0, 1, 2].map((offset) => ({ text: inBase64(word, offset), exact: true as const }))),
  ];
}

/** The characters of base64 that a word always has if it begins at this offset modulo 3. */
function inBase64(word: string, offset: number): string {
  const encoded = btoa(`${'\0'.repeat(offset)}${word}`);
  return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + word.length) * 8) / 6));
}
