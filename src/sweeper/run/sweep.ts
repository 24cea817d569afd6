import type { NodeAudit } from '../../policy/link/node-audit.ts';
import { indexNodes, type NodeIndex, type NodeIdentity } from '../../policy/link/identity.ts';
import { CLIENT_CERTIFICATE_CONTROL } from '../../policy/link/link.ts';
import type { Exemption } from '../../policy/control.ts';
import type { RawDocument, UnansweredDocument } from '../../policy/document.ts';
import type { Finding, Inspection } from '../../policy/finding.ts';
import type { Problem, SourceProblem } from '../../policy/reading.ts';
import type { Run } from '../../outputs/guard-report.ts';
import type { ApiFault } from '../../kube/api.ts';
import type { KubeletEvidence, LoadAudit } from '../../evidence/evidence.ts';
import type { ListedNode } from '../../evidence/nodes.ts';
import type { SweepHistory } from '../reports/history.ts';
import { openBooks, type Books, type BooksResult } from './recorder.ts';
import { judgeControlPlane, notePod, unseenApiServer, type ControlPlane } from './control-plane.ts';
import { crashed, noting } from './crashes.ts';
import { asksForCertificate, endpointOf, judgeNode } from './node.ts';
import { workThrough } from './pool.ts';
import { isAksPod, providerOf } from './provider.ts';

/** What a sweep asks, and where its results go. */
export interface SweepPorts {
  /** The `host:port` of the API server. */
  readonly server: string;
  /** Pods and ConfigMaps, one at a time, and what kept some from being listed. */
  readonly objects: (signal: AbortSignal) => AsyncIterable<RawDocument | SourceProblem>;
  readonly nodes: (signal: AbortSignal) => AsyncIterable<readonly ListedNode[]>;
  /** The `gitVersion` of the API server, undefined where it cannot be told. Never rejects. */
  readonly version: (signal: AbortSignal) => Promise<string | undefined>;
  /** How kubelets are asked. */
  readonly evidence: readonly KubeletEvidence[];
  /** Loads the audit that the agent of a node stored. */
  readonly loadAudit: LoadAudit;
  /** Asks every kube-apiserver itself; undefined where that is not wanted. Never rejects. */
  readonly askApiServers: ((signal: AbortSignal) => Promise<readonly RawDocument[]>) | undefined;
  readonly history: SweepHistory;
  readonly watcher: SweepWatcher;
  /** Resolves when the next kubelet may be asked: at once, unless the process has something more urgent to do. */
  readonly turn: (signal: AbortSignal) => Promise<unknown>;
  readonly now: () => Date;
}

/** Hears what happens while it happens. */
export interface SweepWatcher {
  /** So many nodes are done of those that are listed. */
  readonly progress: (done: number, listed: number) => void;
  /** A process was asked and did not tell. */
  readonly unanswered: (document: UnansweredDocument) => void;
  /** A finding is final. */
  readonly found: (finding: Finding, exemption: Exemption | undefined) => void;
  /** A result could not be stored or announced; it stands all the same. */
  readonly notKept: (problem: SourceProblem) => void;
}

/** What holds for one sweep. */
export interface SweepRules {
  /** The findings of a document by all controls, and why some of it could not be judged. */
  readonly inspect: (document: RawDocument) => Inspection;
  /** What is not reported is shown nowhere; the link and all other findings are what they are without that. */
  readonly isReported: (finding: Finding) => boolean;
  readonly exemptionFor: (finding: Finding) => Exemption | undefined;
  /** How many nodes are asked at a time. */
  readonly concurrency: number;
}

/** What a sweep found. */
export interface SweepResult extends BooksResult {
  readonly run: Run;
  /** What kept it from being complete. It then clears nothing, and is never what later ones are compared with. */
  readonly problems: readonly SourceProblem[];
}

/**
 * Judges a cluster once: its pods and ConfigMaps, every kubelet by every piece of evidence, and its kube-apiservers.
 *
 * Nodes are listed first, then go through a bounded pool, and only their findings are kept. Whatever could not be listed or read is
 * a problem of the run; a process that could not be asked is a finding that is unknown.
 *
 * @returns what was found; rejects only where the signal aborts
 */
export async function sweep(
  run: Pick<Run, 'id' | 'entrance'>,
  rules: SweepRules,
  ports: SweepPorts,
  signal: AbortSignal,
): Promise<SweepResult> {
  const { history, watcher, now } = ports;
  const startedAt = now().toISOString();
  const problems: SourceProblem[] = [];
  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (cause) {
      signal.throwIfAborted();
      problems.push(unread(what, cause));
    }
  };
  const survive = async <T>(what: string, work: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      problems.push(crashed(what, cause));
      return otherwise;
    }
  };
  await survive('the stored reports', () => history.load(signal), undefined);
  signal.throwIfAborted();
  const note = (problem: SourceProblem): unknown => problems.push(problem);
  const books = openBooks({ history, ...watcher, ...rules, crashed: note }, startedAt, signal);

  const plane: ControlPlane = { listed: [], pods: [], hasAksPod: false };
  await attempt('pods and ConfigMaps', () => listObjects(plane, rules, ports, problems, signal));
  const isPlaneWhole = problems.length === 0;
  const { askApiServers } = ports;
  const asking = askApiServers && survive('kube-apiservers', () => askApiServers(signal), []);
  const version = survive('the version', () => ports.version(signal), undefined);
  const census: Census = { done: 0, hasControlPlane: false, directory: indexNodes([]), refusing: [], onHosts: [] };
  await attempt('nodes', () => visitNodes(census, plane, books, rules, ports, problems, signal));
  const answers = (await asking) ?? [];
  // cut off, it has seen too little to clear anything
  signal.throwIfAborted();
  const { server } = ports;
  const provider = providerOf({ version: await version, server, hasAksPod: plane.hasAksPod });
  const unjudged: SourceProblem[] = [];
  const judged = judgePlane(plane, answers, census, census.hasControlPlane ? undefined : provider, {
    ports,
    rules,
    unjudged,
  });
  problems.push(...unjudged);
  // what crashed may have been about kube-apiservers, whatever it was
  const hasCrashed = problems.some(({ problem }) => problem.code === 'crashed');
  await books.closeControlPlane(judged, !isPlaneWhole || hasCrashed || unjudged.length > 0);
  await books.tidy(problems.length === 0);
  signal.throwIfAborted();
  return {
    run: { ...run, startedAt, finishedAt: now().toISOString() },
    problems,
    ...books.result(judged.notApplicable),
  };
}

/** What a kube-apiserver is after a crash is unknown. */
function judgePlane(
  plane: ControlPlane,
  answers: readonly RawDocument[],
  census: Census,
  managedBy: string | undefined,
  { ports, rules, unjudged }: { ports: SweepPorts; rules: SweepRules; unjudged: SourceProblem[] },
): ReturnType<typeof judgeControlPlane> {
  const { server } = ports;
  const { isReported } = rules;
  const inspect = noting(rules.inspect, unjudged);
  try {
    const asked = toBeJudged(plane, answers, census, ports).flatMap(inspect);
    const { directory, onHosts } = census;
    return judgeControlPlane(plane, asked, onHosts, { server, managedBy, directory, isReported });
  } catch (cause) {
    const fault = crashed('the control plane', cause);
    unjudged.push(fault);
    const all = inspect({ ...unseenApiServer(server), problem: fault.problem });
    return { all, reported: all.filter(isReported) };
  }
}

async function listObjects(
  plane: ControlPlane,
  rules: SweepRules,
  { objects }: SweepPorts,
  problems: SourceProblem[],
  signal: AbortSignal,
): Promise<void> {
  const inspect = noting(rules.inspect, problems);
  for await (const document of objects(signal)) {
    if (!('form' in document)) problems.push(document);
    else {
      const findings = inspect(document);
      plane.listed.push(...findings);
      if (document.form === 'object') {
        try {
          notePod(plane, document.value, findings);
          plane.hasAksPod ||= isAksPod(document.value);
        } catch (cause) {
          problems.push(crashed(`the pod of ${findings[0]?.subject.name ?? 'no name'}`, cause));
        }
      }
    }
  }
}

/** What the nodes tell on the way. */
interface Census {
  done: number;
  hasControlPlane: boolean;
  /** All of them. */
  directory: NodeIndex;
  /** Kubelets that ask for a certificate, and refused kube-apiserver as a stranger. */
  readonly refusing: string[];
  /** What agents saw of kube-apiservers. */
  readonly onHosts: NodeAudit[];
}

async function visitNodes(
  census: Census,
  { listed }: ControlPlane,
  books: Books,
  rules: SweepRules,
  { nodes, evidence, loadAudit, watcher, turn }: SweepPorts,
  problems: SourceProblem[],
  signal: AbortSignal,
): Promise<void> {
  const declared = listed.filter(({ vantage }) => vantage === 'declared');
  // all of them before the first is asked: an API server remembers a list for minutes, and kubelets may be slower
  const all: ListedNode[] = [];
  let fault: Error | undefined;
  try {
    for await (const page of nodes(signal)) all.push(...page);
  } catch (cause) {
    fault = cause as Error;
  }
  signal.throwIfAborted();
  const directory = indexNodes(all.map(namesOf));
  census.directory = directory;
  const { isReported } = rules;
  const { unanswered } = watcher;
  const judging = { evidence, isReported, declared, loadAudit, directory, unanswered };
  const visit = async (node: ListedNode): Promise<void> => {
    census.hasControlPlane ||= node.isControlPlane;
    const unjudged: SourceProblem[] = [];
    const noteCrash = (what: string, cause: unknown): Problem => {
      const fault = crashed(what, cause);
      unjudged.push(fault);
      return fault.problem;
    };
    const inspect = noting(rules.inspect, unjudged);
    const judged = await judgeNode(node, { ...judging, inspect, crashed: noteCrash }, signal);
    // what was cut off tells nothing
    if (signal.aborted) return;
    if (judged.call === 'refused' && asksForCertificate(judged)) census.refusing.push(node.name);
    if (judged.apiServers.findings.length > 0) census.onHosts.push(judged.apiServers);
    problems.push(...unjudged);
    await books.closeNode(node, { ...judged, isPartial: unjudged.length > 0 });
    census.done += 1;
    watcher.progress(census.done, all.length);
  };
  await workThrough(all, rules.concurrency, visit, () => turn(signal));
  // those that were listed are judged all the same
  if (fault !== undefined) throw fault;
}

function namesOf(node: ListedNode): NodeIdentity {
  const { name, addresses } = node;
  return { name, addresses, endpoint: 'target' in node ? endpointOf(node.target) : undefined };
}

/** All that is to be judged of kube-apiservers besides their pods. There is one, so that nothing is seen is said too. */
function toBeJudged(
  { listed }: ControlPlane,
  asked: readonly RawDocument[],
  { refusing }: Census,
  { server, watcher }: SweepPorts,
): RawDocument[] {
  const hasPods = listed.some(
    ({ control, vantage }) => control.slug === CLIENT_CERTIFICATE_CONTROL && vantage !== 'declared',
  );
  for (const answer of asked) if (answer.form === 'unanswered') watcher.unanswered(answer);
  const answers = asked.length > 0 || hasPods ? asked : [unseenApiServer(server)];
  if (refusing.length === 0) return [...answers];
  return [...answers, { form: 'refused-calls', source: { node: server, via: 'configz-proxy' }, kubelets: refusing }];
}

function unread(what: string, cause: unknown): SourceProblem {
  const reason = cause instanceof Error ? cause.message : 'no reason given';
  const message = `${what} could not be read: ${reason}; the sweep is not complete, and clears nothing`;
  const { status } = cause as Partial<ApiFault>;
  const code = status === 401 ? 'unauthorized' : status === 403 ? 'forbidden' : 'unreachable';
  return { problem: { code, message }, source: { object: what } };
}
