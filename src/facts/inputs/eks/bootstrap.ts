// `bootstrap.sh --kubelet-extra-args` of EKS images of Amazon Linux 2: the flags go behind those of the kubelet's unit
// (awslabs/amazon-eks-ami templates/al2/runtime/bootstrap.sh).

import type { Problem } from '../../../policy/reading.ts';
import type { Subject } from '../../../policy/subject.ts';
import { basename, isKnown, wordOf, type Word } from '../../argv/words.ts';
import type { Budget } from '../../budget.ts';
import { splitWords } from '../../systemd/syntax.ts';
import type { ConfigurationPlace } from '../configuration.ts';
import { eksKubelet } from './kubelet.ts';

const OPTION = '--kubelet-extra-args';

/** Whether a command is the script of an EKS image. */
export function isBootstrap(words: readonly Word[]): boolean {
  return words.some(({ text }) => basename(text) === 'bootstrap.sh');
}

/**
 * The kubelet that the command starts.
 *
 * @param doubts what else may change the kubelet
 */
export function bootstrapKubelet(
  words: readonly Word[],
  place: ConfigurationPlace,
  doubts: readonly Problem[],
  budget: Budget,
): Subject[] {
  const at = words.findIndex(({ text }) => text === OPTION || text.startsWith(`${OPTION}=`));
  const given =
    words[at]?.text.startsWith(`${OPTION}=`) === true ? words[at].text.slice(OPTION.length + 1) : words[at + 1]?.text;
  const extra = splitWords((at === -1 ? undefined : given) ?? '', 'value').words.map((text) => wordOf(text, undefined));
  const hidden = words.find(({ text }) => !isKnown(text));
  const further: Problem[] = at === -1 && hidden ? [unresolved()] : [];
  return eksKubelet(place, { words: extra, configurations: [], doubts: [...doubts, ...further] }, budget);
}

function unresolved(): Problem {
  const message = `the arguments of bootstrap.sh come from a variable that the script does not show, and can hold ${OPTION}; write them out, or check the node with kubelet-guard node`;
  return { code: 'unresolved', message };
}
