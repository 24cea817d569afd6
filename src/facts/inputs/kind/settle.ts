// Several versions of kubeadm's API may be the one that kind uses. What they agree on is certain.

import type { Problem } from '../../../policy/reading.ts';
import { KUBELET_SETTINGS } from '../../../policy/settings.ts';
import type { Subject } from '../../../policy/subject.ts';
import { apiServerReadings, changeApiServer, changeKubelet, unreadableAs } from '../../readings.ts';

/** The subjects, from those of each possible version. kind makes no cluster with a version whose documents are rejected. */
export function settle(candidates: readonly (readonly Subject[])[]): readonly Subject[] {
  const accepted = candidates.filter((subjects) => subjects.every(({ refusal }) => refusal === undefined));
  const [first = [], ...others] = accepted.length === 0 ? candidates : accepted;
  return first.map((subject, index) => {
    const agreed = others.every((other) => verdictOf(other[index]) === verdictOf(subject));
    return agreed ? subject : unsettled(subject);
  });
}

function verdictOf(subject: Subject | undefined): string {
  if (subject === undefined) return '';
  const readings =
    subject.component === 'kubelet'
      ? Object.keys(KUBELET_SETTINGS).map((name) => subject[name as keyof typeof KUBELET_SETTINGS])
      : Object.values(apiServerReadings((_setting, name) => subject[name]));
  const values = readings.map((reading) => (reading?.state === 'set' ? reading.value : reading?.state));
  return JSON.stringify([subject.refusal?.reason, values]);
}

function unsettled(subject: Subject): Subject {
  const problem: Problem = {
    code: 'ambiguous',
    message:
      'the result depends on the version of the node, which the file does not show; name the image of each node with its tag, or the apiVersion in each patch',
  };
  const { refusal: _, ...rest } = subject;
  return rest.component === 'kubelet'
    ? changeKubelet(rest, () => unreadableAs(problem))
    : changeApiServer(rest, () => unreadableAs(problem));
}
