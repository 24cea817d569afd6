// Lists pods and ConfigMaps, and collects what they show of the control plane.

import type { Finding } from '../../policy/finding.ts';
import type { SourceProblem } from '../../policy/reading.ts';
import type { SubjectName } from '../../policy/subject.ts';
import { millisecondsOf } from '../../policy/timestamp.ts';
import { asRecord, asRecords } from '../../json.ts';
import { crashOf, inspectInto } from './crashes.ts';
import type { SweepDeps, SweepOptions } from './deps.ts';
import { isAksPod } from './provider.ts';

/** What the listed objects show. */
export interface ListedObjects {
  /** The findings about pods, which run a process, and about ConfigMaps, which only declare settings. */
  readonly findings: Finding[];
  /** The pods that run a kube-apiserver. */
  readonly apiServerPods: ApiServerPod[];
  /** AKS runs one of the pods. */
  hasAksPod: boolean;
}

/** A pod that runs a kube-apiserver. */
export interface ApiServerPod {
  readonly subject: SubjectName;
  /** The addresses in its status. A new mirror pod has none yet. */
  readonly addresses: readonly string[];
  /**
   * The process was started then or later, RFC 3339: when its container started; else the end of the last container or the pod's
   * creation, whichever is later. Undefined if the pod shows none of them.
   */
  readonly startedAt: string | undefined;
  /** It was visible before, and is not now. */
  readonly isGone?: true;
}

/** Lists and inspects the objects. Problems are added to those of the run. Rejects if a list fails. */
export async function listObjects(
  { inspect }: SweepOptions,
  { objects }: SweepDeps,
  listed: ListedObjects,
  problems: SourceProblem[],
  signal: AbortSignal,
): Promise<void> {
  const findingsOf = inspectInto(inspect, problems);
  for await (const document of objects(signal)) {
    if (!('form' in document)) {
      problems.push(document);
      continue;
    }
    const findings = findingsOf(document);
    listed.findings.push(...findings);
    if (document.form !== 'object') continue;
    try {
      addApiServerPod(listed.apiServerPods, document.value, findings);
      listed.hasAksPod ||= isAksPod(document.value);
    } catch (cause) {
      problems.push(crashOf(`the pod of ${findings[0]?.subject.name ?? 'no name'}`, cause));
    }
  }
}

function addApiServerPod(pods: ApiServerPod[], pod: unknown, findings: readonly Finding[]): void {
  const subject = findings.find((finding) => finding.subject.component === 'kube-apiserver')?.subject;
  if (subject === undefined) return;
  const { metadata, status } = asRecord(pod);
  const { hostIP, podIP, containerStatuses } = asRecord(status);
  const { state, lastState } = asRecord(asRecords(containerStatuses).find(({ name }) => name === subject.container));
  const { running, terminated } = asRecord(state);
  const { startedAt: started } = asRecord(running);
  const ended = [terminated, asRecord(lastState).terminated].map((end) => asRecord(end).finishedAt);
  const startedAt = isText(started) ? started : latest([...ended, asRecord(metadata).creationTimestamp]);
  pods.push({ subject, addresses: [podIP, hostIP].filter(isText), startedAt });
}

function latest(times: readonly unknown[]): string | undefined {
  return times.filter(isText).reduce<string | undefined>((last, time) => {
    return last === undefined || (millisecondsOf(time) ?? 0) > (millisecondsOf(last) ?? 0) ? time : last;
  }, undefined);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
