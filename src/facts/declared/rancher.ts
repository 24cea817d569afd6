// The components that k3s and RKE2 start with a declared configuration.

import type { Problem } from '../../policy/reading.ts';
import type { Subject } from '../../policy/subject.ts';
import type { Word } from '../argv/words.ts';
import type { Budget } from '../budget.ts';
import { allOf, componentWords, lastOf, type RancherArgument } from '../host/launchers/rancher/arguments.ts';
import {
  defaultSettings,
  dependsOnVersion,
  dropInFolder,
  folderAsFlags,
  settingsAsFlags,
  withoutConfiguration,
} from '../host/launchers/rancher/kubelet.ts';
import { rancherApiServerWords } from '../host/launchers/rancher/rancher.ts';
import type { ConfigurationPlace } from '../inputs/configuration.ts';
import { parseBool } from '../values/go-values.ts';
import { joinPath } from '../values/paths.ts';
import { declaredApiServer, declaredKubelet, notDeclared, type DeclaredKubelet } from './components.ts';
import type { DeclaredFile } from './files.ts';

/** The program that a configuration is for. */
export type RancherProgram = 'k3s' | 'rke2';

/** A node of k3s or RKE2 before it runs. */
export interface DeclaredRancher {
  readonly program: RancherProgram;
  /** The minor version of Kubernetes, if it is known. */
  readonly minor?: number | undefined;
  /** The arguments of all of its files, and of its command line. */
  readonly given: readonly RancherArgument[];
  /** The files that the document gives to the node. */
  readonly files?: readonly DeclaredFile[];
  /** Whether it is certainly a server, with a kube-apiserver. */
  readonly isServer: boolean;
  readonly doubts?: readonly Problem[];
}

/** From this version on, the kubelet's settings are a folder of drop-ins. */
const DROP_INS_SINCE = 32;

/** The kube-apiserver of a server, and the kubelet of a node. */
export function rancherSubjects(place: ConfigurationPlace, declared: DeclaredRancher, budget: Budget): Subject[] {
  const { program, given, minor, isServer, doubts = [] } = declared;
  const isOff = (name: string): boolean => parseBool(lastOf(given, name)?.text ?? '') === true;
  const written = lastOf(given, 'data-dir')?.text ?? '';
  const directory = written === '' ? `/var/lib/rancher/${program}` : joinPath(written, '');
  const version = minor !== undefined && { minor };
  const words = rancherApiServerWords(directory, allOf(given, 'kube-apiserver-arg'));
  return [
    ...(isServer && !isOff('disable-apiserver') ? declaredApiServer(place, { words, doubts, ...version }, budget) : []),
    ...(isServer && isOff('disable-agent')
      ? []
      : declaredKubelet(place, { ...kubeletOf(directory, declared), ...version }, budget)),
  ];
}

function kubeletOf(
  directory: string,
  { program, minor, given, files = [], doubts = [] }: DeclaredRancher,
): DeclaredKubelet {
  const extra = allOf(given, 'kubelet-arg');
  if (minor !== undefined && minor < DROP_INS_SINCE)
    return { words: componentWords(settingsAsFlags(directory), extra), files, missing: notDeclared, doubts };
  const folder = dropInFolder(directory);
  const { passed, taken, doubts: further } = withoutConfiguration(extra);
  const own = files.filter(({ path }) => path.startsWith(`${folder}/`));
  const copied = [...taken].flatMap(([name, word]) => copiesOf(name, word, folder, files));
  const lost = [...taken].filter(([name, word]) => copiesOf(name, word, folder, files).length === 0);
  const isByFolder = own.length > 0 || copied.length > 0;
  const defaults = { path: `${folder}/00-${program}-defaults.conf`, content: { value: defaultSettings(directory) } };
  return {
    words: componentWords(isByFolder ? folderAsFlags(directory) : settingsAsFlags(directory), passed),
    files: [...own.filter(({ path }) => path !== defaults.path), ...copied, { ...defaults, pointer: '' }],
    missing: notDeclared,
    doubts: [...doubts, ...further, ...lost.map(([, word]) => dependsOnVersion(word))],
  };
}

/** The copies of the configuration that kubelet-arg names, where the document holds it. */
function copiesOf(name: string, { text }: Word, folder: string, files: readonly DeclaredFile[]): DeclaredFile[] {
  if (name === 'config') {
    const file = files.find(({ path }) => path === text);
    return file ? [{ ...file, path: `${folder}/10-cli-config.conf` }] : [];
  }
  const source = `${joinPath(text, '')}/`;
  return files
    .filter(({ path }) => path.startsWith(source))
    .map((file) => ({ ...file, path: `${folder}/20-cli-config-dir/${file.path.slice(source.length)}` }));
}
