// k0s: the kubelet and the kube-apiserver that it starts as its children (k0s pkg/component/worker/kubelet.go,
// pkg/component/controller/apiserver.go).

import { asRecord, asStrings, isRecord } from '../../../json.ts';
import type { ProcessFiles } from '../../../policy/document.ts';
import type { Problem } from '../../../policy/reading.ts';
import { HOLE, isKnown, shown, wordOf, type Word } from '../../argv/words.ts';
import type { Budget } from '../../budget.ts';
import { launcherArguments } from '../../declared/arguments.ts';
import { k0sKubeletArguments } from '../../inputs/k0s/kubelet-arguments.ts';
import { parseBool } from '../../values/go-values.ts';
import { joinPath } from '../../values/paths.ts';
import { parseFirst } from '../../yaml/documents.ts';
import type { HostCommand } from '../start.ts';
import type { Launcher } from './launcher.ts';

const CONFIG = '/etc/k0s/k0s.yaml';

/** k0s. */
export const k0sLauncher: Launcher = {
  name: 'k0s',
  units: ['k0scontroller.service', 'k0sworker.service'],
  starts: ([subcommand]) => subcommand === 'controller' || subcommand === 'worker',
  commandOf: (component, { words: [subcommand, ...options] }, files, budget) => {
    const isController = subcommand?.text === 'controller';
    const directory = valueOf(options, '--data-dir') ?? { text: '/var/lib/k0s' };
    if (!isKnown(directory.text)) return { problem: hidden('--data-dir', directory) };
    const pki = joinPath(directory.text, 'pki');
    if (component === 'kube-apiserver') return isController ? apiServer(pki, options, files, budget) : undefined;
    const runsKubelet = !isController || isOn(options, '--enable-worker') || isOn(options, '--single');
    return runsKubelet ? kubelet(pki, options) : undefined;
  },
};

/** The configuration is made at each start, from a worker profile that the cluster holds; k0s itself sets the client CA file. */
function kubelet(pki: string, options: readonly Word[]): HostCommand {
  const message =
    "k0s writes the kubelet's configuration when it starts it, from a worker profile that the cluster holds and no file shows; check the running kubelet, or the workerProfiles of the ClusterConfig";
  const config = { ...wordOf(`--config=${HOLE}`, undefined), problem: { code: 'not-visible', message } as const };
  const authority = `${pki}/ca.crt`;
  const { words, doubts } = k0sKubeletArguments(options);
  return {
    words: [config, { text: `--client-ca-file=${authority}` }, ...words],
    doubts,
    creates: [authority],
  };
}

function apiServer(
  pki: string,
  options: readonly Word[],
  files: ProcessFiles,
  budget: Budget,
): Exclude<HostCommand, { words?: undefined; refusal: string }> {
  const own = {
    'kubelet-certificate-authority': `${pki}/ca.crt`,
    'kubelet-client-certificate': `${pki}/apiserver-kubelet-client.crt`,
    'kubelet-client-key': `${pki}/apiserver-kubelet-client.key`,
  };
  const given = valueOf(options, '--config') ?? valueOf(options, '-c');
  const path = given?.text ?? CONFIG;
  if (!isKnown(path) || path === '-') return { problem: hidden('--config', given ?? { text: path }) };
  const content = files.readFile(path);
  if (content.state === 'unreadable') return { problem: content.problem };
  if (content.state === 'missing' && given !== undefined) {
    const message = `${path} does not exist, although k0s is started with it: correct --config`;
    return { problem: { code: 'not-found', message } };
  }
  const document = content.state === 'read' ? parseFirst(content.text, budget) : undefined;
  if (document && 'problem' in document) return { problem: document.problem };
  const value = document?.value ?? {};
  if (!isRecord(value)) {
    return { problem: { code: 'malformed', message: `${path} is no ClusterConfig of k0s: correct it, or --config` } };
  }
  const api = asRecord(asRecord(value.spec).api);
  const { words, doubts } = launcherArguments(own, api.extraArgs, ['spec', 'api', 'extraArgs'], { sorted: false });
  const raw = asStrings(api.rawArgs).map((text) => ({ text }));
  // a pointer is a place in a document, and the files of a host are none
  const plain = words.map(({ text }) => wordOf(text, undefined));
  return {
    words: [...plain, ...raw],
    doubts: doubts.map(({ origin: _origin, ...problem }) => problem),
    creates: Object.values(own),
  };
}

/** The last value of an option, as one word or two. */
function valueOf(options: readonly Word[], name: string): Word | undefined {
  const at = options.findLastIndex(({ text }) => text === name || text.startsWith(`${name}=`));
  const word = options[at];
  if (word === undefined) return undefined;
  return word.text === name ? options[at + 1] : { ...word, text: word.text.slice(name.length + 1) };
}

function isOn(options: readonly Word[], name: string): boolean {
  const word = options.findLast(({ text }) => text === name || text.startsWith(`${name}=`));
  return word !== undefined && (word.text === name || parseBool(word.text.slice(name.length + 1)) !== false);
}

function hidden(option: string, { text, problem }: Word): Problem {
  const message = `${option} of k0s is ${shown(text)}, so what it starts is not known; check the running process`;
  return problem ?? { code: 'unresolved', message };
}
