// Rules about values that a kubelet checks when it has read its flags and files. It exits if one is broken, but the
// settings are read all the same (kubernetes cmd/kubelet/app/server.go: NewKubeletCommand).

import type { Refusal } from '../../policy/subject.ts';
import { nodeLabelsFault } from '../argv/labels.ts';
import { originAt, type Assignment } from '../argv/pflag.ts';
import { isKnown } from '../argv/words.ts';
import { placeholderIn } from '../values/placeholders.ts';
import { authorizationMode, webhookWithoutClient } from './authorization-rules.ts';
import { valueOutOfRange } from './limits.ts';
import type { KubeletStart } from './start.ts';

type Rule = (start: KubeletStart) => Refusal | undefined;

/** In the order in which the kubelet checks them. */
const RULES: readonly Rule[] = [nodeLabels, valueOutOfRange, webhookWithoutClient, authorizationMode];

/** Why the kubelet exits after it has read its settings; undefined if it keeps every rule. */
export function brokenRule(start: KubeletStart): Refusal | undefined {
  for (const rule of RULES) {
    const refusal = rule(start);
    if (refusal) return refusal;
  }
  return undefined;
}

/** Cmd/kubelet/app/options/options.go: ValidateKubeletFlags. */
function nodeLabels({ commandLine }: KubeletStart): Refusal | undefined {
  const labels = commandLine?.assignments.get('node-labels');
  if (labels === undefined) return undefined;
  const values: string[] = [];
  for (let given: Assignment | undefined = labels; given; given = given.before) values.push(given.value);
  const isWritten = values.every((value) => isKnown(value) && !placeholderIn(value, 'command line'));
  const reason = isWritten ? nodeLabelsFault(values.reverse()) : undefined;
  if (reason === undefined) return undefined;
  return { reason, setting: '--node-labels', origin: originAt(labels.word.pointer), isRule: true };
}
