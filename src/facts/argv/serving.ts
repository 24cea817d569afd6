// Flags with which a component prints something instead of serving.

import type { Refusal } from '../../policy/subject.ts';
import { parseBool } from '../values/go-values.ts';
import { originAt, type CommandLine } from './pflag.ts';

/**
 * A flag with which a component prints something and exits instead of serving.
 *
 * Source: kubernetes cmd/kube-apiserver/app/server.go:95, component-base version/verflag/verflag.go:89.
 */
export function neverServes(component: string, { assignments }: CommandLine): Refusal | undefined {
  for (const name of ['help', 'version']) {
    const assignment = assignments.get(name);
    if (assignment === undefined || parseBool(assignment.value) === false || assignment.value.startsWith('v')) continue;
    return {
      reason: `with --${name}, ${component} prints and exits`,
      setting: `--${name}`,
      origin: originAt(assignment.word.pointer),
    };
  }
  return undefined;
}
