// Snaps: microk8s and Canonical's Kubernetes (k8s). Their services read a component's arguments from a file at each start
// (microk8s microk8s-resources/wrappers/run-kubelite-with-args, k8s-snap k8s/lib.sh: execute_service).

import type { ProcessFiles } from '../../../policy/document.ts';
import type { Component } from '../../../policy/reading.ts';
import { HOLE } from '../../argv/words.ts';
import type { Budget } from '../../budget.ts';
import { readScript } from '../../launch/shell/shell.ts';
import { argsOfFile } from '../../systemd/args-file.ts';
import type { HostCommand } from '../start.ts';
import type { Launcher } from './launcher.ts';

/** A service of a snap. */
interface SnapService {
  readonly snap: string;
  readonly components: readonly Component[];
  /** The folder of the files of arguments, which have the components' names. */
  readonly folder: string;
  /** Without one of these files, or with one of those, the service does not start a component. */
  readonly needs?: string;
  readonly without?: Partial<Record<Component, string>>;
  /** Whether the program itself reads the file; otherwise bash does. */
  readonly readsItself: boolean;
  /** Present versions of the snap have no such service. */
  readonly isOld?: boolean;
}

const MICROK8S = '/var/snap/microk8s/current';
const K8S = { snap: 'k8s', folder: '/var/snap/k8s/common/args', readsItself: false };
const LITE = `${MICROK8S}/var/lock/lite.lock`;
/** Before 1.21, and later only where kubelite does not run. */
const OLD_MICROK8S = {
  ...{ snap: 'microk8s', folder: `${MICROK8S}/args`, readsItself: false, isOld: true },
  without: { kubelet: LITE, 'kube-apiserver': LITE },
};

const SERVICES: Readonly<Record<string, SnapService>> = {
  'k8s.kubelet': { ...K8S, components: ['kubelet'] },
  'k8s.kube-apiserver': { ...K8S, components: ['kube-apiserver'] },
  'microk8s.daemon-kubelite': {
    snap: 'microk8s',
    components: ['kubelet', 'kube-apiserver'],
    folder: `${MICROK8S}/args`,
    // a worker has no control plane
    without: { 'kube-apiserver': `${MICROK8S}/var/lock/clustered.lock` },
    needs: LITE,
    readsItself: true,
  },
  'microk8s.daemon-kubelet': { ...OLD_MICROK8S, components: ['kubelet'] },
  'microk8s.daemon-apiserver': { ...OLD_MICROK8S, components: ['kube-apiserver'] },
};

const RUN = ['/usr/bin/snap', 'run'] as const;

/** The program that runs services of snaps. */
export const snap: Launcher = {
  name: 'snap',
  units: Object.keys(SERVICES).map((name) => `snap.${name}.service`),
  starts: ([run, name]) => run === RUN[1] && serviceOf(name) !== undefined,
  usual: (unit) => {
    const [, name] = /^snap\.(.+)\.service$/.exec(unit) ?? [];
    const service = serviceOf(name);
    return service && service.isOld !== true ? [...RUN, name ?? ''].map((text) => ({ text })) : undefined;
  },
  commandOf: (component, { words }, files, budget) => {
    const service = serviceOf(words[1]?.text);
    return service && commandOf(service, component, files, budget);
  },
};

function serviceOf(name: string | undefined): SnapService | undefined {
  return name !== undefined && Object.hasOwn(SERVICES, name) ? SERVICES[name] : undefined;
}

function commandOf(
  { snap, components, folder, needs, without, readsItself }: SnapService,
  component: Component,
  files: ProcessFiles,
  budget: Budget,
): HostCommand | undefined {
  const exists = (path: string | undefined): boolean => path !== undefined && files.stat(path).state !== 'missing';
  if (!components.includes(component) || exists(without?.[component])) return undefined;
  // a snap that has no lock at all is of a version that has none, or a part of a copy
  if (needs !== undefined && !exists(needs) && exists(needs.slice(0, needs.lastIndexOf('/')))) return undefined;
  const path = `${folder}/${component}`;
  const content = files.readFile(path);
  if (content.state === 'missing') return undefined;
  if (content.state === 'unreadable') return { problem: content.problem };
  const variables = new Map([
    ['SNAP', `/snap/${snap}/${HOLE}`],
    ['SNAP_COMMON', `/var/snap/${snap}/common`],
    ['SNAP_DATA', `/var/snap/${snap}/${HOLE}`],
  ]);
  if (readsItself) return { words: argsOfFile(content.text, variables, budget), doubts: [] };
  return wordsOfBash(component, content.text, variables, path, budget);
}

/** The words of an array of bash, in which a line end only separates. */
function wordsOfBash(
  component: Component,
  text: string,
  variables: ReadonlyMap<string, string>,
  path: string,
  budget: Budget,
): HostCommand {
  budget.characters(text.length);
  const lines = text.split('\n').map((line) => line.replace(/(?:^|\s)#[^'"]*$/, ''));
  const { commands, doubt } = readScript(`${component} ${lines.join(' ')}`, variables, '', [], undefined, budget);
  const [command, ...others] = commands;
  if (command === undefined || others.length > 0 || doubt !== undefined) {
    const message = `${path} cannot be read as a list of words: ${doubt ?? 'it holds more than words'}; write one argument on each line`;
    return { problem: { code: 'unresolved', message } };
  }
  return { words: command.words.slice(1), doubts: [] };
}
