// The kubelet of k3s and RKE2 (k3s pkg/daemons/agent/agent.go, startKubelet). From 1.32 its settings are a folder of drop-ins that they
// write at each start; before, they are flags.

import type { UnknownRecord } from '../../../../json.ts';
import type { NamedText, ProcessFiles } from '../../../../policy/document.ts';
import type { Problem } from '../../../../policy/reading.ts';
import { isKnown, shown, type Word } from '../../../argv/words.ts';
import { joinPath } from '../../../values/paths.ts';
import { originAt } from '../../../argv/pflag.ts';
import { componentWords } from './arguments.ts';

/** What a kubelet is started with. */
export interface RancherKubelet {
  readonly words: readonly Word[];
  readonly doubts: readonly Problem[];
  /** The files that are written before it starts. */
  readonly writes: readonly NamedText[];
  /** The certificate files that are created before it starts. */
  readonly creates: readonly string[];
}

/** Where a kubelet's drop-ins are. */
export function dropInFolder(dataDirectory: string): string {
  return `${dataDirectory}/agent/etc/kubelet.conf.d`;
}

/**
 * The kubelet of a host.
 *
 * @param extra the values of kubelet-arg
 */
export function hostKubelet(
  program: string,
  dataDirectory: string,
  extra: readonly Word[],
  files: ProcessFiles,
): RancherKubelet | { readonly problem: Problem } {
  const folder = dropInFolder(dataDirectory);
  const present = files.readDropIns(folder);
  if ('state' in present) {
    // before 1.32, or it was never started: its defaults are the same
    return present.state === 'unreadable' ? { problem: present.problem } : flagKubelet(dataDirectory, extra);
  }
  const { passed, taken, doubts } = withoutConfiguration(extra);
  const writes: NamedText[] = [
    { path: `${folder}/00-${program}-defaults.conf`, text: JSON.stringify(defaultSettings(dataDirectory)) },
  ];
  const config = taken.get('config')?.text;
  if (config !== undefined && !config.startsWith(folder)) {
    const content = files.readFile(config);
    if (content.state !== 'read') return { problem: notCopied(config, content) };
    writes.push({ path: `${folder}/10-cli-config.conf`, text: content.text });
  }
  const directory = taken.get('config-dir')?.text;
  if (directory !== undefined && !directory.startsWith(folder)) {
    const content = files.readDropIns(directory);
    if ('state' in content) return { problem: notCopied(directory, content) };
    for (const { path, text } of content)
      writes.push({ path: `${folder}/20-cli-config-dir${path.slice(joinPath(directory, '').length)}`, text });
  }
  const words = componentWords(folderAsFlags(dataDirectory), passed);
  return { words, doubts, writes, creates: [clientCA(dataDirectory)] };
}

/** The settings as flags. That is how a kubelet is started before 1.32, and from then on it has the same ones by default. */
export function settingsAsFlags(dataDirectory: string): Readonly<Record<string, string>> {
  return {
    'anonymous-auth': 'false',
    'authentication-token-webhook': 'true',
    'authorization-mode': 'Webhook',
    'client-ca-file': clientCA(dataDirectory),
    kubeconfig: kubeconfig(dataDirectory),
    'pod-manifest-path': staticPods(dataDirectory),
  };
}

/** The flags by which a kubelet finds its drop-ins. */
export function folderAsFlags(dataDirectory: string): Readonly<Record<string, string>> {
  return { 'config-dir': dropInFolder(dataDirectory), kubeconfig: kubeconfig(dataDirectory) };
}

function flagKubelet(dataDirectory: string, extra: readonly Word[]): RancherKubelet {
  const { passed, taken, doubts } = withoutConfiguration(extra);
  const [given] = taken.values();
  const words = componentWords(settingsAsFlags(dataDirectory), passed);
  return {
    words,
    doubts: given === undefined ? doubts : [...doubts, dependsOnVersion(given)],
    writes: [],
    creates: [clientCA(dataDirectory)],
  };
}

function kubeconfig(dataDirectory: string): string {
  return `${dataDirectory}/agent/kubelet.kubeconfig`;
}

function clientCA(dataDirectory: string): string {
  return `${dataDirectory}/agent/client-ca.crt`;
}

function staticPods(dataDirectory: string): string {
  return `${dataDirectory}/agent/pod-manifests`;
}

/** The settings that matter of the file that is written at each start. */
export function defaultSettings(dataDirectory: string): UnknownRecord {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: clientCA(dataDirectory) },
    },
    authorization: { mode: 'Webhook' },
    staticPodPath: staticPods(dataDirectory),
  };
}

/** The values of kubelet-arg, as they are taken apart. */
export interface ExtraArguments {
  readonly passed: readonly Word[];
  /** The configuration files that are copied into the folder. */
  readonly taken: ReadonlyMap<string, Word>;
  readonly doubts: readonly Problem[];
}

/** Takes `config` and `config-dir` out (k3s pkg/daemons/agent/agent.go, extractConfigArgs). An argument without a value swallows the next one. */
export function withoutConfiguration(extra: readonly Word[]): ExtraArguments {
  const passed: Word[] = [];
  const taken = new Map<string, Word>();
  const doubts: Problem[] = [];
  for (let at = 0; at < extra.length; at += 1) {
    const word = extra[at];
    if (word === undefined) break;
    const [, name = '', value] = /^(?:--)?([^=]*)(?:=([^]*))?$/.exec(word.text) ?? [];
    const isConfiguration = name === 'config' || name === 'config-dir';
    const next = value === undefined ? extra[at + 1] : { ...word, text: value };
    if (value === undefined && next !== undefined) {
      at += 1;
      if (!isConfiguration) doubts.push(swallows(word, next));
    }
    if (!isConfiguration) passed.push(word);
    else if (next !== undefined) taken.set(name, next);
  }
  return { passed, taken, doubts };
}

function swallows(word: Word, next: Word): Problem {
  const [one, other] = [word, next].map(({ text }) => shown(text));
  const message = `kubelet-arg has ${String(one)} without a value, and the version of k3s or RKE2 decides whether ${String(other)} behind it counts; write ${String(one)}=true`;
  return { code: 'ambiguous', message, origin: originAt(word.pointer) };
}

/** Why the configuration that kubelet-arg names leaves the settings unknown. */
export function dependsOnVersion({ text, pointer }: Word): Problem {
  const path = isKnown(text) ? text : 'a file';
  const message = `kubelet-arg names the configuration ${path}, which overrides the defaults of k3s and RKE2 from 1.32 on, and is not shown here; check it too, or check the node with kubelet-guard node`;
  return { code: 'not-visible', message, origin: originAt(pointer) };
}

function notCopied(
  path: string,
  content: { readonly state: 'missing' } | { readonly state: 'unreadable'; readonly problem: Problem },
): Problem {
  if (content.state === 'unreadable') return content.problem;
  return { code: 'not-found', message: `kubelet-arg names ${path}, which does not exist; correct the path` };
}
