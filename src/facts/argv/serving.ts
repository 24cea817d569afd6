// Flags with which a component prints something instead of serving.

import type { Refusal } from '../../policy/subject.ts';
import { parseBool } from '../values/go-values.ts';
import { placeholderIn } from '../values/placeholders.ts';
import { originAt, type CommandLine } from './pflag.ts';

/**
 * Why a component does not serve: a flag makes it print something and exit. Undefined if no flag does.
 *
 * Source: kubernetes cmd/kube-apiserver/app/server.go:95, component-base version/verflag/verflag.go:89.
 */
export function neverServes(component: string, { assignments }: CommandLine): Refusal | undefined {
  for (const name of ['help', 'version']) {
    const assignment = assignments.get(name);
    if (assignment === undefined || parseBool(assignment.value) === false || assignment.value.startsWith('v')) continue;
    if (placeholderIn(assignment.value, 'command line')) continue;
    return {
      reason: `with --${name}, ${component} prints and exits`,
      setting: `--${name}`,
      origin: originAt(assignment.word.pointer),
    };
  }
  return undefined;
}
