// The configuration files of k3s and RKE2: config.yaml, and then the .yaml and .yml files of config.yaml.d by their names (k3s
// pkg/configfilearg/parser.go, readConfigFile).

import { asRecord } from '../../../../json.ts';
import type { ProcessFiles } from '../../../../policy/document.ts';
import type { Problem } from '../../../../policy/reading.ts';
import { isKnown } from '../../../argv/words.ts';
import type { Budget } from '../../../budget.ts';
import { parseFirst } from '../../../yaml/documents.ts';
import { argumentsOfConfigs, type RancherArgument, type RancherConfig } from './arguments.ts';

/** The arguments that the files of a host give, or why they are not known. */
export function argumentsOfFiles(
  path: string,
  files: ProcessFiles,
  budget: Budget,
): { readonly given: readonly RancherArgument[] } | { readonly problem: Problem } {
  if (!isKnown(path) || /^https?:/.test(path)) {
    const message = `the configuration ${isKnown(path) ? path : 'file'} is not on this host; check the running process`;
    return { problem: { code: 'not-visible', message } };
  }
  const main = files.readFile(path);
  const more = files.readStaticPods(`${path}.d`);
  const hidden =
    main.state === 'unreadable' ? main.problem : more.state === 'unreadable' ? more.problem : hiddenIn(more);
  if (hidden) return { problem: hidden };
  const configs: RancherConfig[] = [];
  for (const file of [
    ...(main.state === 'read' ? [{ path, text: main.text }] : []),
    ...(more.state === 'read' ? more.files.filter((one) => /\.ya?ml$/i.test(one.path)) : []),
  ]) {
    const parsed = parseFirst(file.text, budget);
    if (parsed && 'problem' in parsed) {
      const message = `${file.path} is ${parsed.problem.message}; correct it`;
      return { problem: { ...parsed.problem, message } };
    }
    configs.push({ keys: asRecord(parsed?.value) });
  }
  return { given: argumentsOfConfigs(configs) };
}

function hiddenIn(found: ReturnType<ProcessFiles['readStaticPods']>): Problem | undefined {
  return found.state === 'read' ? found.problems[0] : undefined;
}
