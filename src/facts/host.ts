// The processes of a host: which nodes they are of, and what they run with.

import type { Component, Problem, ProcessCommand, ProcessDocument, ProcessFiles, Subject } from '../policy/types.ts';
import { nextApiServer, runningApiServer } from './host-api-server.ts';
import type { Next } from './host-files.ts';
import { kubeletPlace, nextKubelet, runningKubelet } from './host-kubelet.ts';
import { unitCommand } from './host-units.ts';
import { componentOf, type ProcessWords } from './processes.ts';

/** What is known of a process before its files are looked at. */
export interface HostProcessWords extends ProcessWords {
  readonly variables: ReadonlyMap<string, string>;
}

/** A component of a process. */
export interface StartedComponent {
  readonly component: Component;
  readonly command: ProcessCommand;
}

/** The variables that decide what arguments files mean. */
export const VARIABLES = ['SNAP', 'SNAP_COMMON', 'SNAP_DATA', 'SNAP_REVISION'];

/** The units that start a kubelet, or what carries one. */
export const UNITS = ['kubelet.service', 'k3s.service', 'k3s-agent.service'];
const HOSTNAME = '/etc/hostname';

/** The component of a process, unless it serves nobody. */
export function processSubjects(document: ProcessDocument): readonly Subject[] {
  const subject = document.view === 'running' ? running(document) : nextStart(document)?.subject;
  return subject === undefined ? [] : [subject];
}

/** Since when a process would be started with something else than it runs with, RFC 3339 in UTC, where that is known. */
export function changedSince(document: ProcessDocument): string | undefined {
  return nextStart(document)?.since;
}

function running(document: ProcessDocument): Subject | undefined {
  return document.subject.component === 'kubelet' ? runningKubelet(document) : runningApiServer(document);
}

function nextStart(document: ProcessDocument): Next<Subject> | undefined {
  return document.subject.component === 'kubelet' ? nextKubelet(document) : nextApiServer(document);
}

/**
 * The name of the node that a process runs on, as a kubelet finds it (kubernetes pkg/util/node, GetHostname).
 *
 * @param hostname what this host is called, where the files do not show it
 */
export function nodeName(document: ProcessDocument, hostname: string): string {
  const override = document.subject.component === 'kubelet' ? kubeletPlace(document).hostname : undefined;
  const content = override === undefined ? document.files.readFile(HOSTNAME) : undefined;
  const written = content?.state === 'read' ? content.text.trim() : '';
  return (override ?? (written === '' ? hostname : written)).trim().toLowerCase();
}

/** Where a kubelet is asked on its own host. */
export function helloTarget(document: ProcessDocument): { readonly address: string; readonly port: number } {
  const { address, port } = kubeletPlace(document);
  if (address === '' || address === '0.0.0.0') return { address: '127.0.0.1', port };
  return { address: /^[0:]+$/.test(address) ? '::1' : address, port };
}

/** The unit that would start a kubelet on a host where none runs. */
export function kubeletUnit(files: ProcessFiles): string | undefined {
  return UNITS.find((unit) => unitCommand(unit, 'kubelet', files).state !== 'nothing');
}

/** The components that a process is or carries, and how each was started. */
export function componentsOf(process: HostProcessWords): readonly StartedComponent[] {
  const found = componentOf(process);
  if (found === undefined) return [];
  if ('component' in found) return [{ component: found.component, command: commandOfWords(found.args) }];
  return found.inside.map(({ component, configDir, argsFile }) => ({
    component,
    command:
      configDir !== undefined
        ? { by: 'k3s', configDir }
        : argsFile !== undefined
          ? { by: 'args-file', path: argsFile, variables: process.variables }
          : { by: 'unknown', problem: inMemory(component) },
  }));
}

function commandOfWords(args: readonly string[] | undefined): ProcessCommand {
  if (args !== undefined) return { by: 'words', args };
  const message = 'the process has written over its command line, so that its flags are not to be seen; ask it itself';
  return { by: 'unknown', problem: { code: 'not-visible', message } };
}

function inMemory(component: Component): Problem {
  const message = `the flags of ${component} are made in the memory of the process that carries it; ask its ${component === 'kubelet' ? '/configz' : '/flagz'}`;
  return { code: 'not-visible', message };
}

/** The unit that a process belongs to, by its control group. */
export function unitOf(cgroup: string | undefined): string | undefined {
  return /\/([^/]+\.service)$/.exec(cgroup ?? '')?.[1];
}

/** Tells whether a control group is one of a container: a whole node can be one (kind). */
export function isContainer(cgroup: string | undefined): boolean {
  return /[0-9a-f]{64}/.test(cgroup ?? '');
}

/** The node of a process among several: that of the kubelet whose control group it has most in common with. */
export function nodeOf(
  cgroup: string | undefined,
  kubelets: readonly { readonly cgroup: string | undefined; readonly node: string }[],
): string | undefined {
  const shared = kubelets.map((kubelet) => sharedSegments(cgroup, kubelet.cgroup));
  const most = Math.max(...shared);
  const best = new Set(kubelets.filter((_, at) => shared[at] === most).map(({ node }) => node));
  return best.size === 1 ? [...best][0] : undefined;
}

function sharedSegments(one = '', other = ''): number {
  const [first, second] = [one.split('/'), other.split('/')];
  const at = first.findIndex((segment, index) => segment !== second[index]);
  return at === -1 ? first.length : at;
}
