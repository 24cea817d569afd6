// The static pods that a kubelet starts from its own files (kubernetes pkg/kubelet/config/file.go, common.go).

import { asArray, asRecord, asText } from '../../json.ts';
import type { ProcessDocument } from '../../policy/document.ts';
import type { Origin, Problem, Source } from '../../policy/reading.ts';
import type { Subject } from '../../policy/subject.ts';
import { minorOfImage } from '../argv/flags.ts';
import { thrownProblem, type Budget } from '../budget.ts';
import { kubeletPlace } from './kubelet-place.ts';
import { recognise } from '../inputs/recognise.ts';
import { parseStream, type ParsedDocument } from '../yaml/documents.ts';

/** The content of a static pod's file. */
export interface StaticPod {
  readonly source: Source;
  /** The pod, as far as it can be read. */
  readonly value: unknown;
  readonly subjects: readonly Subject[];
  readonly problems: readonly Problem[];
  readonly locate: (origin: Origin) => number | undefined;
}

/** The static pods of a kubelet: the first document of each file, and the last file if names repeat. */
export function staticPods(document: ProcessDocument, budget: Budget): readonly StaticPod[] {
  const { staticPodPath } = kubeletPlace(document, budget);
  if (staticPodPath === undefined) return [];
  const found = document.files.readStaticPods(staticPodPath);
  // the kubelet waits for a missing folder
  if (found.state === 'missing') return [];
  const source = { path: staticPodPath, document: 0 };
  if (found.state === 'unreadable') return [broken(source, found.problem)];
  const pods = new Map<string, StaticPod>();
  for (const { path, text } of found.files) {
    const place = { path, document: 0 };
    const first = firstOf(text, budget);
    if (first?.index !== 0) continue;
    if ('problem' in first) pods.set(path, broken(place, first.problem));
    else {
      const { kind, metadata } = asRecord(first.value);
      const { name, namespace } = asRecord(metadata);
      // the kubelet ignores everything else
      if (kind !== 'Pod') continue;
      pods.set(`${asText(namespace) ?? 'default'}/${String(name)}`, podOf(first, place, document, budget));
    }
  }
  return [...found.problems.map((problem) => broken(source, problem)), ...pods.values()];
}

/** The minor version of the kube-apiserver that a kubelet runs as a static pod, by the tag of its image; undefined if that is not clear. */
export function staticApiServerMinor(document: ProcessDocument, budget: Budget): number | undefined {
  const minors = new Set<number | undefined>();
  for (const { value, subjects } of staticPods(document, budget)) {
    const containers = asArray(asRecord(asRecord(value).spec).containers).map(asRecord);
    for (const { component, name } of subjects) {
      if (component !== 'kube-apiserver') continue;
      const container = containers.find((each) => each.name === name.container);
      minors.add(minorOfImage(asText(container?.image) ?? ''));
    }
  }
  return minors.size === 1 ? [...minors][0] : undefined;
}

/** The first document of a file. One that costs too much, or a crash, makes it unreadable. */
function firstOf(text: string, budget: Budget): ReturnType<typeof parseStream>[number] | undefined {
  try {
    return parseStream(text, budget)[0];
  } catch (cause) {
    return { problem: thrownProblem(cause), index: 0 };
  }
}

function podOf(pod: ParsedDocument, source: Source, { subject: kubelet }: ProcessDocument, budget: Budget): StaticPod {
  const { subjects, problems } = recognise(pod, { source, vantage: 'on-node', budget });
  const { value, locate } = pod;
  return { source, value, subjects: subjects.map((subject) => asRun(subject, kubelet.name)), problems, locate };
}

/** A kubelet adds its node's name to the names of its static pods. */
function asRun<T extends Subject>(subject: T, node: string): T {
  const { name } = subject;
  return {
    ...subject,
    name: { ...name, name: `${name.name}-${node}`, namespace: name.namespace ?? 'default', node },
  };
}

function broken(source: Source, problem: Problem): StaticPod {
  return { source, value: undefined, subjects: [], problems: [problem], locate: () => undefined };
}
