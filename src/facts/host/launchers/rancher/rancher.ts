// k3s and RKE2: what they start a kubelet and a kube-apiserver with (k3s pkg/daemons/agent/agent.go and agent_linux.go,
// pkg/daemons/control/server.go; RKE2 is k3s with other executors).

import type { ProcessFiles } from '../../../../policy/document.ts';
import type { Component, Problem } from '../../../../policy/reading.ts';
import { isKnown, type Word } from '../../../argv/words.ts';
import type { Budget } from '../../../budget.ts';
import { parseBool } from '../../../values/go-values.ts';
import { isAbsolute, joinPath } from '../../../values/paths.ts';
import type { HostCommand } from '../../start.ts';
import type { Launcher, LauncherStart } from '../launcher.ts';
import { allOf, argumentsOfWords, componentWords, lastOf, type RancherArgument } from './arguments.ts';
import { argumentsOfFiles } from './config-files.ts';
import { hostKubelet } from './kubelet.ts';

type Program = 'k3s' | 'rke2';

/** k3s. Both components run in its own process. */
export const k3s: Launcher = launcher('k3s', ['k3s.service', 'k3s-agent.service']);
/** RKE2. The kubelet is its child, and kube-apiserver a static pod that it writes at each start. */
export const rke2: Launcher = launcher('rke2', ['rke2-server.service', 'rke2-agent.service']);

/** kube-apiserver's arguments that k3s and RKE2 give by themselves. */
export function rancherApiServerWords(dataDirectory: string, extra: readonly Word[]): Word[] {
  return componentWords(apiServerFiles(dataDirectory), extra).filter(({ text }) => !text.startsWith(ADVERTISE_PORT));
}

/** Files that they create. */
function apiServerFiles(dataDirectory: string): Readonly<Record<string, string>> {
  const tls = `${dataDirectory}/server/tls`;
  return {
    'kubelet-certificate-authority': `${tls}/server-ca.crt`,
    'kubelet-client-certificate': `${tls}/client-kube-apiserver.crt`,
    'kubelet-client-key': `${tls}/client-kube-apiserver.key`,
  };
}

/** k3s's kube-apiserver has this flag, and RKE2 removes it. */
const ADVERTISE_PORT = '--advertise-port=';

function launcher(name: Program, units: readonly string[]): Launcher {
  return {
    name,
    units,
    starts: ([subcommand]) => subcommand === 'server' || subcommand === 'agent',
    commandOf: (component, start, files, budget) => commandOf(name, component, start, files, budget),
  };
}

function commandOf(
  program: Program,
  component: Component,
  { words: [subcommand, ...words], environment }: LauncherStart,
  files: ProcessFiles,
  budget: Budget,
): HostCommand | undefined {
  const isServer = subcommand?.text === 'server';
  if (!isServer && component === 'kube-apiserver') return undefined;
  const own = argumentsOfWords(words);
  const variable = (name: string): string | undefined => environment.values.get(`${program.toUpperCase()}_${name}`);
  const path = variable('CONFIG_FILE') ?? lastOf(own.given, 'config')?.text ?? `/etc/rancher/${program}/config.yaml`;
  const written = argumentsOfFiles(path, files, budget);
  if ('problem' in written) return written;
  const given = [...written.given, ...own.given];
  if (isServer && isOff(given, component)) return undefined;
  const doubts = [...own.doubts, ...(environment.open ? [hiddenVariables(program)] : [])];
  const directory = dataDirectory(program, given, variable('DATA_DIR'));
  if (typeof directory !== 'string') return { problem: directory };
  if (component === 'kubelet') {
    const kubelet = hostKubelet(program, directory, allOf(given, 'kubelet-arg'), files);
    return 'problem' in kubelet ? kubelet : { ...kubelet, doubts: [...doubts, ...kubelet.doubts] };
  }
  const extra = allOf(given, 'kube-apiserver-arg');
  return { words: rancherApiServerWords(directory, extra), doubts, creates: Object.values(apiServerFiles(directory)) };
}

/** A server can leave out its agent, with the kubelet, or its kube-apiserver. */
function isOff(given: readonly RancherArgument[], component: Component): boolean {
  const value = lastOf(given, component === 'kubelet' ? 'disable-agent' : 'disable-apiserver');
  return value !== undefined && parseBool(value.text) === true;
}

/** Where the certificates and the kubelet's configuration are. */
function dataDirectory(
  program: Program,
  given: readonly RancherArgument[],
  variable: string | undefined,
): string | Problem {
  const written = lastOf(given, 'data-dir')?.text ?? variable ?? '';
  const rootless = lastOf(given, 'rootless');
  if (!isKnown(written) || (written === '' && rootless !== undefined && parseBool(rootless.text) !== false)) {
    const message = `the data directory of ${program} is not known; set data-dir in its configuration, or check the running process`;
    return { code: 'unresolved', message };
  }
  const path = written === '' ? `/var/lib/rancher/${program}` : written;
  return joinPath(isAbsolute(path) ? path : `/${path}`, '');
}

function hiddenVariables(program: Program): Problem {
  const message = `the environment of ${program} is not known completely; a variable such as ${program.toUpperCase()}_CONFIG_FILE may name another configuration`;
  return { code: 'unresolved', message };
}
