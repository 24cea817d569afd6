import { readlinkSync } from 'node:fs';
import { join } from 'node:path';

import { controls } from '../../controls/index.ts';
import { auditNode } from './audit.ts';
import {
  changedSince,
  clientCAFileOf,
  componentsOf,
  helloTarget,
  mayBeOf,
  kubeletUnit,
  nodeName,
  nodeOf,
  unitOf,
  UNITS,
  VARIABLES,
  type StartedComponent,
} from '../../facts/host/host.ts';
import { bounded } from '../../facts/host/files.ts';
import { componentOf } from '../../facts/host/processes.ts';
import { inspect } from '../../inspect.ts';
import type { CheckTime } from '../../policy/certificates.ts';
import type { ProcessDocument, ProcessFiles, RawDocument } from '../../policy/document.ts';
import type { Problem, SourceProblem } from '../../policy/reading.ts';
import type { RunAnswer, RunOptions } from '../../outputs/run.ts';
import { loadConfiguration } from '../../runtime/configuration/configuration.ts';
import { momentAt } from '../../runtime/configuration/certificates.ts';
import { resolveSweep } from '../../runtime/configuration/sweep.ts';
import type { NodeEvidence } from '../../evidence/index.ts';
import { handshakeEvidence } from '../../evidence/handshake/handshake.ts';
import { certificateSight, readAuthorities, type AuthoritiesFile } from '../../evidence/host/certificates.ts';
import { openHost } from '../../evidence/host/files.ts';
import type { HostProcess } from '../../evidence/host/process.ts';
import { listProcesses, openProcess } from '../../evidence/host/processes.ts';
import { HOST } from '../allowances.ts';
import { runId } from '../terminal.ts';

/** A node audit, as it was asked for. */
export interface NodeAuditRequest extends RunOptions {
  /** Where the root of the host is. */
  readonly root: string;
  /** What the host is called, where its files do not show it. */
  readonly hostname: string;
  /** The name of the node in its cluster, where that is known. */
  readonly node?: string;
  readonly config: string | undefined;
  /** What is off is told too: it is handed over to who derives more from it, and shows it or not. */
  readonly tellsAll?: boolean;
  readonly evidence: readonly NodeEvidence[];
  readonly now: () => Date;
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
}

/** Anybody may start processes that look like a kubelet, each with files that take long to read. */
const MOST_TIME = 60_000;

/** Judges a host once. */
export async function auditHost(request: NodeAuditRequest, signal: AbortSignal): Promise<RunAnswer> {
  const { root, evidence, output, failOn, style, now } = request;
  const configuration = loadConfiguration(request.config, controls);
  const { timeout } = resolveSweep(configuration.settings.sweep?.value);
  const networks = new WeakMap<ProcessFiles, Network>();
  const handshake = handshakeEvidence({ timeout });
  return auditNode({
    inspect: (document) => {
      const { findings, problems } = inspect(controls, [document], HOST);
      const isReported = ({ control, surface }: (typeof findings)[number]) =>
        request.tellsAll === true || configuration.isReported(control, surface);
      return { findings: findings.filter(isReported), problems };
    },
    look: () => look(request, momentAt(now(), configuration.settings.certificates?.value), networks),
    byHost: evidence.includes('proc'),
    ask: (kubelet) => {
      const network = evidence.includes('handshake') ? networks.get(kubelet.files) : undefined;
      if (network === undefined) return undefined;
      if (network === 'other') return Promise.resolve(unanswered(kubelet));
      return handshake.ask({ name: kubelet.subject.name, uid: '', ...helloTarget(kubelet, HOST) }, signal);
    },
    changedSince: (document) => changedSince(document, HOST),
    places: `looked at the processes in ${join(root, 'proc')} and at the units ${UNITS.join(', ')} of ${root}; run it on the host itself as root, or pass --root`,
    exemptions: configuration.policy.exemptions,
    runId: runId(now()),
    now,
    output,
    failOn,
    style,
  });
}

/** Whether what a process listens on is reached from here; undefined where that cannot be told. */
type Network = 'own' | 'other' | undefined;

/** A kubelet that was looked at. */
interface KnownKubelet {
  readonly cgroup: string | undefined;
  readonly node: string;
  readonly started: StartedComponent & { readonly process: HostProcess };
}

/** The kubelets first, for they give their nodes names. */
function* look(
  { root, hostname, node: given, clock }: NodeAuditRequest,
  moment: CheckTime,
  networks: WeakMap<ProcessFiles, Network>,
): Generator<ProcessDocument | SourceProblem> {
  const deadline = clock() + MOST_TIME;
  const wanted = (name: Parameters<typeof componentOf>[0]) => componentOf(name) !== undefined;
  const { processes, problems } = listProcesses(root, { wanted, variables: VARIABLES });
  yield* problems;
  const started = processes.flatMap((process) => componentsOf(process).map((one) => ({ process, ...one })));
  const isKubelet = ({ component }: StartedComponent) => component === 'kubelet';
  const kubelets: KnownKubelet[] = [];
  const names = new Set<string>();
  for (const one of [...started.filter(isKubelet), ...started.filter((each) => !isKubelet(each))]) {
    if (clock() > deadline) {
      yield { source: { path: join(root, 'proc') }, problem: tooLong() };
      break;
    }
    const opened = openProcess(root, one.process);
    const files = 'state' in opened ? closedFiles(opened.problem) : bounded(opened);
    try {
      const found = documentOf(one, files);
      const own = given ?? nodeName(found, hostname, HOST);
      const node = isKubelet(one) ? own : (nodeOf(one.process.cgroup, kubelets) ?? own);
      if (isKubelet(one)) kubelets.push({ cgroup: one.process.cgroup, node, started: one });
      networks.set(files, networkOf(one.process));
      const authorities = () => authoritiesOf(root, node, kubelets);
      const certificates = certificateSight(files, moment, authorities);
      yield { ...named(found, node, one.process, names), certificates };
    } finally {
      if (!('state' in opened)) opened.close();
    }
  }
  const runs = (unit: string) => started.some((one) => isKubelet(one) && mayBeOf(unit, one.process.cgroup));
  yield* lookAtUnits(root, given, hostname, moment, runs);
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

/** Several of a node are told apart by their containers, or else by their numbers. */
function named(
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

/** The client CA file of the one kubelet of a node. It is opened anew, for its bytes are not to be kept for all kubelets. */
function authoritiesOf(root: string, node: string, kubelets: readonly KnownKubelet[]): AuthoritiesFile | undefined {
  const [kubelet, ...others] = kubelets.filter((each) => each.node === node);
  if (kubelet === undefined || others.length > 0) return undefined;
  const opened = openProcess(root, kubelet.started.process);
  if ('state' in opened) return undefined;
  try {
    const files = bounded(opened);
    const path = clientCAFileOf(documentOf(kubelet.started, files), HOST);
    return path === undefined ? undefined : readAuthorities(files, path);
  } finally {
    opened.close();
  }
}

/** Where no kubelet of the host's unit runs: what would be started as one. */
function* lookAtUnits(
  root: string,
  given: string | undefined,
  hostname: string,
  moment: CheckTime,
  runs: (unit: string) => boolean,
): Generator<ProcessDocument | SourceProblem> {
  const opened = openHost(root);
  if ('state' in opened) {
    yield { source: { path: root }, problem: opened.problem };
    return;
  }
  try {
    const files = bounded(opened);
    const unit = kubeletUnit(files, HOST);
    if (unit === undefined || runs(unit)) return;
    const found: ProcessDocument = {
      form: 'process',
      source: { path: unit, document: 0 },
      subject: { component: 'kubelet', name: '' },
      view: 'next',
      command: { by: 'unit' },
      unit,
      files,
      certificates: certificateSight(files, moment, () => undefined),
      problems: [],
    };
    const node = given ?? nodeName(found, hostname, HOST);
    yield { ...found, subject: { component: 'kubelet', name: node, kind: 'Node', node } };
  } finally {
    opened.close();
  }
}

/** An address means something else in another network namespace, such as that of a node in a container. */
function networkOf({ directory }: HostProcess): Network {
  try {
    return readlinkSync(`${directory}/ns/net`) === readlinkSync('/proc/self/ns/net') ? 'own' : 'other';
  } catch {
    return undefined;
  }
}

function unanswered({ subject }: ProcessDocument): RawDocument {
  const message =
    'the kubelet is in another network than this process, so that it was not asked: run it in the same one';
  return {
    form: 'unanswered',
    component: 'kubelet',
    wanted: 'hello',
    source: { node: subject.name, via: 'handshake' },
    problem: { code: 'unreachable', message },
  };
}

function closedFiles(problem: Problem): ProcessFiles {
  const read = () => ({ state: 'unreadable', problem }) as const;
  return { readFile: read, readBytes: read, readDropIns: read, readStaticPods: read, stat: read };
}

function tooLong(): Problem {
  const message = `looking at the processes took longer than ${MOST_TIME / 1000} s, so that not all were looked at: end those that are none of the cluster's`;
  return { code: 'timeout', message };
}
