// The subjects in a pod: the components that its containers start, and a kube-apiserver that only its labels show.

import { asString, type UnknownRecord } from '../../json.ts';
import type { Problem } from '../../policy/reading.ts';
import type { ApiServer, Kubelet, Subject } from '../../policy/subject.ts';
import type { Budget } from '../budget.ts';
import { kubeletReadings, unreadableAs } from '../readings.ts';
import { containersOf, launchOf, programOf, type Container } from './containers.ts';
import { identity, unreadablePodApiServer, type PodPlace } from './place.ts';
import { startsOf } from './starts.ts';

const LABELS = ['component', 'k8s-app', 'app', 'app.kubernetes.io/name'];
const LABEL_VALUES = new Set(['kube-apiserver', 'openshift-kube-apiserver']);
/**
 * Finds the components in a pod.
 *
 * @param spec the pod's spec
 * @param place where it was found
 * @returns a subject for each component that a container starts. If the labels or a container's name say kube-apiserver and
 *   no container visibly starts it, a kube-apiserver of which nothing can be read
 */
export function podSubjects(spec: UnknownRecord, place: PodPlace, budget: Budget): Subject[] {
  const subjects: Subject[] = [];
  let labelled: ApiServer | undefined;
  for (const container of containersOf(spec, place.pointer, place.endsByItself, budget)) {
    const { launch, doubt } = launchOf(container, budget);
    const own = startsOf(launch, container, place, doubt, budget);
    const named = launch.suspects.filter(({ names }) => names);
    own.push(...named.map(({ problem }) => unreadablePodApiServer(problem, container, place)));
    const [suspect] = launch.suspects;
    if (suspect && own.length === 0 && !container.endsByItself) {
      if (isApiServerByName(container)) own.push(unreadablePodApiServer(suspect.problem, container, place));
      else if (hasLabel(place)) labelled ??= unreadablePodApiServer(suspect.problem, container, place);
    }
    subjects.push(...own);
  }
  if (!hasLabel(place) || subjects.some(({ component }) => component === 'kube-apiserver')) return subjects;
  if (labelled) return [...subjects, labelled];
  return subjects.length === 0 ? [unlabelled(place)] : subjects;
}

function isApiServerByName({ name, image }: Container): boolean {
  return name === 'kube-apiserver' || programOf(image) === 'kube-apiserver';
}

function hasLabel({ labels }: PodPlace): boolean {
  return LABELS.some((label) => Object.hasOwn(labels, label) && LABEL_VALUES.has(asString(labels[label]) ?? ''));
}

/** The subjects of a pod that cannot be read. It may start either component. */
export function unreadablePod(problem: Problem, place: PodPlace): Subject[] {
  const kubelet: Kubelet = {
    ...identity('kubelet', undefined, place),
    component: 'kubelet',
    ...kubeletReadings(() => unreadableAs(problem)),
    doubts: [],
  };
  return [unreadablePodApiServer(problem, undefined, place), kubelet];
}

function unlabelled(place: PodPlace): ApiServer {
  const message =
    'the labels say kube-apiserver, but no container visibly starts it; remove the label, or write the command line in the manifest';
  const problem: Problem = { code: 'ambiguous', message, origin: { layer: 'file', pointer: '/metadata/labels' } };
  return unreadablePodApiServer(problem, undefined, place);
}
