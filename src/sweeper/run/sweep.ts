// One sweep of a cluster: pods and ConfigMaps, every kubelet, and every kube-apiserver.

import type { Platform } from '../../policy/benchmarks/platform.ts';
import type { RawDocument } from '../../policy/document.ts';
import type { SourceProblem } from '../../policy/reading.ts';
import { hasUnseenPod, missingApiServers } from '../../policy/link/missing.ts';
import type { Run } from '../../outputs/guard-report.ts';
import { callProblem, mergeProblems } from '../../policy/rights/denied.ts';
import {
  apiServerDocuments,
  combineControlPlane,
  invisibleApiServer,
  withMissing,
  type ControlPlaneFindings,
} from './control-plane.ts';
import { crashOf, inspectInto, orCrash } from './crashes.ts';
import type { SweepDeps, SweepOptions } from './deps.ts';
import { listObjects, type ListedObjects } from './listed.ts';
import { checkNodes, noNodes, type CheckedNodes } from './nodes.ts';
import { clusterPlatform, onlyPlatform, providerOf } from './provider.ts';
import { SweepRecorder, type SweepRecord } from './recorder.ts';

/** The result of a sweep. */
export interface SweepResult extends SweepRecord {
  readonly run: Run;
  /** Why the sweep is incomplete. An incomplete sweep resolves no findings, and later sweeps are not compared with it. */
  readonly problems: readonly SourceProblem[];
  /** The exemptions of this sweep: whoever counts its findings later counts them as the sweep did. */
  readonly exemptionFor: SweepOptions['exemptionFor'];
  readonly exemptions: SweepOptions['exemptions'];
}

/**
 * Sweeps a cluster once. Nodes are checked through a pool of limited concurrency, and only their findings are kept. What
 * could not be listed or read is a problem of the run. A process that gave no answer is an unknown finding.
 *
 * @returns the result; rejects only if the signal aborts
 */
export async function sweep(
  run: Omit<Run, 'startedAt' | 'finishedAt' | 'cluster'>,
  options: SweepOptions,
  deps: SweepDeps,
  signal: AbortSignal,
): Promise<SweepResult> {
  const { server, history, askApiServers } = deps;
  const startedAt = deps.now().toISOString();
  const problems: SourceProblem[] = [];
  await orCrash('the stored reports', () => history.load(signal), undefined, problems);
  signal.throwIfAborted();
  const onCrash = (problem: SourceProblem): unknown => problems.push(problem);
  const cluster: { platform?: Platform | undefined } = {};
  const platform = () => cluster.platform;
  const recorder = new SweepRecorder({ ...deps, ...options, onCrash, startedAt, platform }, signal);

  const listed: ListedObjects = { findings: [], apiServerPods: [], hasAksPod: false };
  const list = () => listObjects(options, deps, listed, problems, signal);
  await orUnread('pods and ConfigMaps', list, problems, signal);
  const hasObjects = problems.length === 0;

  const answering = askApiServers && orCrash('kube-apiservers', () => askApiServers(signal), [], problems);
  const answeringVersion = orCrash('the version', () => deps.version(signal), undefined, problems);
  const answeringUid = orCrash('the cluster', () => deps.clusterUid(signal), undefined, problems);
  const version = await answeringVersion;
  const platformOfCluster = clusterPlatform({ version, server, hasAksPod: listed.hasAksPod });
  cluster.platform = platformOfCluster ?? onlyPlatform(listed.findings);
  const checked = noNodes();
  const check = () => checkNodes(deps, options, listed.findings, { checked, recorder, problems }, signal);
  const hasNodes = await orUnread('nodes', check, problems, signal);
  const answers = (await answering) ?? [];
  const uid = await answeringUid;
  // an aborted sweep has seen too little to resolve anything
  signal.throwIfAborted();

  const managedBy = checked.hasControlPlane ? undefined : providerOf(platformOfCluster);
  const unread: SourceProblem[] = [];
  const about = { managedBy, deps, options, unread, isListed: hasObjects && hasNodes };
  const controlPlane = checkControlPlane(listed, answers, checked, about);
  problems.push(...unread);
  const visible = listed.apiServerPods.map(({ subject }) => subject);
  const isForgetting = !hasNodes && hasUnseenPod({ visible, remembered: history.previousKeys() });
  // a crash anywhere may have been about a kube-apiserver
  const hasCrashed = problems.some(({ problem }) => problem.code === 'crashed');
  const isPartial = !hasObjects || isForgetting || hasCrashed || unread.length > 0;
  const poolOf = (node: string) => checked.listed.find(({ name }) => name === node)?.pool;
  await recorder.recordControlPlane(controlPlane, { poolOf, isPartial, isComplete: problems.length === 0 });
  await recorder.deleteStaleReports(problems.length === 0);
  signal.throwIfAborted();
  return {
    run: { ...run, startedAt, finishedAt: deps.now().toISOString(), cluster: clusterOf(deps, uid, version) },
    problems: mergeProblems(problems),
    exemptionFor: options.exemptionFor,
    exemptions: options.exemptions,
    ...recorder.result(controlPlane.notApplicable),
  };
}

function clusterOf(
  { server, context }: SweepDeps,
  uid: string | undefined,
  version: string | undefined,
): NonNullable<Run['cluster']> {
  return {
    server,
    ...(context !== undefined && { context }),
    ...(uid !== undefined && { uid }),
    ...(version !== undefined && { version }),
  };
}

interface ControlPlaneDeps {
  readonly managedBy: string | undefined;
  readonly deps: SweepDeps;
  readonly options: SweepOptions;
  readonly unread: SourceProblem[];
  /** All objects and nodes are listed; else nothing is known to be missing. */
  readonly isListed: boolean;
}

/** Makes the findings about the control plane. After a crash kube-apiserver is unknown. */
function checkControlPlane(
  listed: ListedObjects,
  answers: readonly RawDocument[],
  checked: CheckedNodes,
  { managedBy, deps, options, unread, isListed }: ControlPlaneDeps,
): ControlPlaneFindings {
  const { isReported } = options;
  const { server, callbacks, history } = deps;
  const { index: nodeIndex, apiServerAudits, ready } = checked;
  const inspect = inspectInto(options.inspect, unread);
  try {
    for (const answer of answers) if (answer.form === 'unanswered') callbacks.onUnanswered(answer);
    const visible = listed.apiServerPods.map(({ subject }) => subject);
    const known = { visible, remembered: history.previousKeys(), ...checked };
    const all = withMissing(listed, isListed ? missingApiServers(known) : [], inspect);
    const answered = apiServerDocuments(all, answers, checked, server).flatMap(inspect);
    const about = { server, managedBy, nodeIndex, ready, isReported };
    return combineControlPlane(all, answered, apiServerAudits, about);
  } catch (cause) {
    const crash = crashOf('the control plane', cause);
    unread.push(crash);
    const all = inspect({ ...invisibleApiServer(server), problem: crash.problem });
    return { all, reported: all.filter(isReported) };
  }
}

/** Does a part of a sweep that reads from the API server, and tells whether it could. Rejects only if the signal aborts. */
async function orUnread(
  what: string,
  work: () => Promise<void>,
  problems: SourceProblem[],
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (cause) {
    signal.throwIfAborted();
    problems.push(callProblem(cause instanceof Error ? cause : new Error('no reason given'), what));
    return false;
  }
}
