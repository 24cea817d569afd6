// The processes of a host: their nodes and their settings.

import type { ProcessCommand, ProcessDocument } from '../../policy/document.ts';
import type { Component, Problem } from '../../policy/reading.ts';
import type { Subject } from '../../policy/subject.ts';
import { thrownProblem, within, type Allowance, type Budget } from '../budget.ts';
import { nextApiServer, runningApiServer, unreadableHostApiServer } from './api-server.ts';
import type { NextSubject } from './files.ts';
import { nextKubelet, runningClientCA, runningKubelet, unreadableKubelet } from './kubelet.ts';
import { DEFAULT_PLACE, kubeletPlace, type KubeletPlace } from './kubelet-place.ts';
import { staticApiServerMinor } from './static-pods.ts';
import { platformOfProcess } from '../platform.ts';
import { processComponent, type ProcessWords } from './processes.ts';

/** What is known about a process before its files are read. */
export interface HostProcessWords extends ProcessWords {
  readonly variables: ReadonlyMap<string, string>;
  /** What cannot be read. */
  readonly problems?: readonly Problem[];
}

/** A component of a process. */
export interface StartedComponent {
  readonly component: Component;
  readonly command: ProcessCommand;
}

/** The variables in argument files. */
export const VARIABLES = ['SNAP', 'SNAP_COMMON', 'SNAP_DATA', 'SNAP_REVISION'];

/** The component of a process, unless it serves nobody. Total: a process that costs too much, or a crash, makes it unreadable. */
export function processSubjects(document: ProcessDocument, budget: Budget): readonly Subject[] {
  try {
    const subject = document.view === 'running' ? running(document, budget) : nextStart(document, budget)?.subject;
    if (subject === undefined) return [];
    const platform = platformOfProcess(document);
    return [{ ...subject, ...(platform && { platform }) }];
  } catch (cause) {
    const unreadable = document.subject.component === 'kubelet' ? unreadableKubelet : unreadableHostApiServer;
    return [unreadable(document, thrownProblem(cause))];
  }
}

/** Since when the next start of a process would differ from what runs, RFC 3339 in UTC, if that is known. */
export function changedSince(document: ProcessDocument, allowance: Allowance): string | undefined {
  return within(allowance, undefined, (budget) => nextStart(document, budget)?.since);
}

function running(document: ProcessDocument, budget: Budget): Subject | undefined {
  return document.subject.component === 'kubelet'
    ? runningKubelet(document, budget)
    : runningApiServer(document, budget);
}

function nextStart(document: ProcessDocument, budget: Budget): NextSubject<Subject> | undefined {
  return document.subject.component === 'kubelet' ? nextKubelet(document, budget) : nextApiServer(document, budget);
}

/** The address at which a kubelet is asked on its own host. */
export function helloTarget(
  document: ProcessDocument,
  allowance: Allowance,
): { readonly address: string; readonly port: number } {
  const { address, port } = placeOf(document, allowance);
  if (address === '' || address === '0.0.0.0') return { address: '127.0.0.1', port };
  return { address: /^[0:]+$/.test(address) ? '::1' : address, port };
}

function placeOf(document: ProcessDocument, allowance: Allowance): KubeletPlace {
  return within(allowance, DEFAULT_PLACE, (budget) => kubeletPlace(document, budget));
}

/** The client CA file of a running kubelet, if it has one. */
export function clientCAFileOf(document: ProcessDocument, allowance: Allowance): string | undefined {
  return within(allowance, undefined, (budget) => runningClientCA(document, budget));
}

/** The minor version of the kube-apiserver that a kubelet runs as a static pod, if its manifest shows it. */
export function apiServerMinorOf(kubelet: ProcessDocument, allowance: Allowance): number | undefined {
  return within(allowance, undefined, (budget) => staticApiServerMinor(kubelet, budget));
}

/** The components that a process is or contains, and how each was started. */
export function componentsOf(process: HostProcessWords): readonly StartedComponent[] {
  const found = processComponent(process);
  if (found === undefined) return [];
  // the words that were not read may decide, and may name other files
  const cut = process.problems?.find(({ code }) => code === 'too-large');
  const unread: ProcessCommand | undefined = cut && { by: 'unknown', problem: cut };
  if ('component' in found) return [{ component: found.component, command: unread ?? commandOfWords(found.args) }];
  return found.inside.map(({ component, dataDirectory, argsFile }) => ({
    component,
    command: unread ?? commandInside(process, component, dataDirectory, argsFile),
  }));
}

function commandInside(
  { variables }: HostProcessWords,
  component: Component,
  dataDirectory: string | undefined,
  argsFile: string | undefined,
): ProcessCommand {
  if (dataDirectory !== undefined) return { by: 'k3s', dataDirectory };
  if (argsFile !== undefined) return { by: 'args-file', path: argsFile, variables };
  return { by: 'unknown', problem: inMemory(component) };
}

function commandOfWords(args: readonly string[] | undefined): ProcessCommand {
  if (args !== undefined) return { by: 'words', args };
  const message = 'the process has overwritten its command line, so its flags are hidden; check /configz or /flagz';
  return { by: 'unknown', problem: { code: 'not-visible', message } };
}

function inMemory(component: Component): Problem {
  const message = `the flags of ${component} exist only in the memory of the process that contains it; check its ${component === 'kubelet' ? '/configz' : '/flagz'}`;
  return { code: 'not-visible', message };
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
