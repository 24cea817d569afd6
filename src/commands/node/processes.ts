// The kubelets and kube-apiservers that run on the host, with the files that they read.

import { readlinkSync } from 'node:fs';
import { join } from 'node:path';

import { bounded } from '../../facts/host/files.ts';
import {
  apiServerMinorOf,
  clientCAFileOf,
  componentsOf,
  nodeOf,
  VARIABLES,
  type StartedComponent,
} from '../../facts/host/host.ts';
import { processComponent } from '../../facts/host/processes.ts';
import { containerUnit, isContainer, staticPodUnit, unitOf } from '../../facts/host/stopped.ts';
import { readCertificateFiles, readAuthorities, type AuthoritiesFile } from '../../evidence/host/certificates.ts';
import type { HostProcess } from '../../evidence/host/process.ts';
import { openHost } from '../../evidence/host/files.ts';
import { listProcesses, openProcess } from '../../evidence/host/processes.ts';
import type { CheckTime } from '../../policy/certificates.ts';
import type { ProcessDocument, ProcessFiles } from '../../policy/document.ts';
import type { Problem, SourceProblem } from '../../policy/reading.ts';
import { HOST } from '../allowances.ts';
import type { HostMemory } from './memory.ts';
import { nameOfNode } from './name.ts';
import { stoppedComponents, type HostNote, type HostPlace } from './units.ts';

/** Where to look for processes, and until when. */
export interface ProcessesOptions extends HostPlace {
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
}

/** Any user may start processes that look like a kubelet, each with files that take long to read. */
const MAX_MILLISECONDS = 60_000;

/** Whether a process is in the network namespace of this one; undefined if that is unknown. */
export type Network = 'own' | 'other' | undefined;

/** A kubelet that was found. */
interface KnownKubelet {
  readonly cgroup: string | undefined;
  readonly node: string;
  readonly started: StartedComponent & { readonly process: HostProcess };
}

/**
 * Finds the processes of the host and what keeps others from being read. Kubelets come first, because they give nodes their
 * names. The files of a process are open until the next one is asked for.
 *
 * @param moment the time at which certificates are checked
 * @param networks is filled with the network of each process, by its files
 */
export function* hostProcesses(
  { clock, ...place }: ProcessesOptions,
  moment: CheckTime,
  networks: WeakMap<ProcessFiles, Network>,
): Generator<ProcessDocument | SourceProblem | HostNote> {
  const { root, node: given, memory } = place;
  memory?.begin();
  const deadline = clock() + MAX_MILLISECONDS;
  const wanted = (name: Parameters<typeof processComponent>[0]) => processComponent(name) !== undefined;
  const { processes, problems, copiedAfter } = listProcesses(root, { wanted, variables: VARIABLES });
  yield* problems;
  if (copiedAfter) yield { note: copyNote(root) };
  const started = processes.flatMap((process) => componentsOf(process).map((one) => ({ process, ...one })));
  const isKubelet = ({ component }: StartedComponent) => component === 'kubelet';
  const kubelets: KnownKubelet[] = [];
  const names = new Set<string>();
  const noted = new Set<string>();
  for (const one of [...started.filter(isKubelet), ...started.filter((each) => !isKubelet(each))]) {
    if (clock() > deadline) {
      yield { source: { path: join(root, 'proc') }, problem: tooLong() };
      break;
    }
    const opened = openProcess(root, one.process, copiedAfter);
    const host = isContainer(one.process.cgroup) ? openHost(root) : undefined;
    const files = 'state' in opened ? closedFiles(opened.problem) : remembered(memory, one.process, bounded(opened));
    try {
      const found = {
        ...documentOf(one, files),
        ...(host && !('state' in host) && unitOfContainer(one, bounded(host))),
      };
      const nearest = given ?? (isKubelet(one) ? undefined : nodeOf(one.process.cgroup, kubelets));
      const { name: node, note } =
        nearest === undefined ? nameOfNode(found, root, one.process.directory) : { name: nearest };
      if (note !== undefined && !noted.has(note)) yield { note };
      if (note !== undefined) noted.add(note);
      if (isKubelet(one)) kubelets.push({ cgroup: one.process.cgroup, node, started: one });
      networks.set(files, networkOf(one.process));
      const authorities = () => onKubelet({ root, copiedAfter }, node, kubelets, readAuthoritiesOf);
      const certificates = readCertificateFiles(files, moment, authorities);
      const minor = isKubelet(one)
        ? undefined
        : onKubelet({ root, copiedAfter }, node, kubelets, (kubelet) => apiServerMinorOf(kubelet, HOST));
      yield { ...withName(found, node, one.process, names), certificates, ...(minor !== undefined && { minor }) };
    } finally {
      for (const each of [opened, host]) if (each && !('state' in each)) each.close();
    }
  }
  const running = started.map(({ component, process: { cgroup } }) => ({ component, cgroup }));
  yield* stoppedComponents(place, moment, running);
}

function remembered(memory: HostMemory | undefined, process: HostProcess, files: ProcessFiles): ProcessFiles {
  return memory === undefined ? files : memory.of(process, files);
}

function documentOf(
  { process, component, command }: StartedComponent & { readonly process: HostProcess },
  files: ProcessFiles,
): ProcessDocument {
  const { startedAt, problems } = process;
  const unit = unitOf(process.cgroup);
  return {
    form: 'process',
    source: { node: '', via: 'proc' },
    subject: { component, name: '' },
    view: 'running',
    command,
    ...(unit !== undefined && { unit }),
    ...(startedAt !== undefined && { startedAt }),
    files,
    problems,
  };
}

/** A component in a container of its own is started by a unit of the host, whose files it need not see. */
function unitOfContainer(
  { component, command, process: { cgroup } }: StartedComponent & { readonly process: HostProcess },
  hostFiles: ProcessFiles,
): Pick<ProcessDocument, 'unit' | 'hostFiles'> {
  const words = command.by === 'words' ? command.args : [];
  const unit =
    containerUnit({ component, cgroup }, hostFiles, HOST) ??
    staticPodUnit({ component, cgroup }, words, hostFiles, HOST);
  return unit === undefined ? {} : { unit, hostFiles };
}

/** Names a process after its node. The second one of a node also gets its container or process id. */
function withName(
  found: ProcessDocument,
  node: string,
  { pid, cgroup }: HostProcess,
  names: Set<string>,
): ProcessDocument {
  const { component } = found.subject;
  const isFirst = !names.has(`${component} ${node}`);
  names.add(`${component} ${node}`);
  const container = /[0-9a-f]{64}/.exec(cgroup ?? '')?.[0].slice(0, 12) ?? `process ${pid}`;
  return {
    ...found,
    source: { node, via: 'proc' },
    subject: { component, name: node, kind: 'Node', node, ...(!isFirst && { container }) },
  };
}

/** Looks at a node's only kubelet. It is opened again, so that the files of all kubelets need not be kept. */
function onKubelet<T>(
  { root, copiedAfter }: { readonly root: string; readonly copiedAfter: Date | undefined },
  node: string,
  kubelets: readonly KnownKubelet[],
  look: (kubelet: ProcessDocument) => T | undefined,
): T | undefined {
  const [kubelet, ...others] = kubelets.filter((each) => each.node === node);
  if (kubelet === undefined || others.length > 0) return undefined;
  const opened = openProcess(root, kubelet.started.process, copiedAfter);
  if ('state' in opened) return undefined;
  try {
    return look(documentOf(kubelet.started, bounded(opened)));
  } finally {
    opened.close();
  }
}

function readAuthoritiesOf(kubelet: ProcessDocument): AuthoritiesFile | undefined {
  const path = clientCAFileOf(kubelet, HOST);
  return path === undefined ? undefined : readAuthorities(kubelet.files, path);
}

/** An address has another meaning in another network namespace, such as that of a node in a container. */
function networkOf({ directory }: HostProcess): Network {
  try {
    return readlinkSync(`${directory}/ns/net`) === readlinkSync('/proc/self/ns/net') ? 'own' : 'other';
  } catch {
    return undefined;
  }
}

function copyNote(root: string): string {
  return `${root} is a copy of a host, made after its processes had started: files are compared with their starts by the times of their content (mtime), which programs can set`;
}

function closedFiles(problem: Problem): ProcessFiles {
  const read = () => ({ state: 'unreadable', problem }) as const;
  return { readFile: read, readBytes: read, readDropIns: read, readStaticPods: read, stat: read };
}

function tooLong(): Problem {
  const message = `reading the processes took longer than ${MAX_MILLISECONDS / 1000} s, so some were not read: stop those that do not belong to the cluster`;
  return { code: 'timeout', message };
}
