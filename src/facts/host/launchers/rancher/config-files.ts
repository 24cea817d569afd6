// The configuration files of k3s and RKE2: config.yaml, and then the .yaml and .yml files of config.yaml.d by their names (k3s
// pkg/configfilearg/parser.go, readConfigFile).

import { asRecord } from '../../../../json.ts';
import type { ProcessFiles } from '../../../../policy/document.ts';
import type { Problem } from '../../../../policy/reading.ts';
import { isKnown, type Word } from '../../../argv/words.ts';
import type { Budget } from '../../../budget.ts';
import { placeAt } from '../../../systemd/places.ts';
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
  const places: ((pointer: string) => string | undefined)[] = [];
  for (const file of [
    ...(main.state === 'read' ? [{ path, text: main.text }] : []),
    ...(more.state === 'read' ? more.files.filter((one) => /\.ya?ml$/i.test(one.path)) : []),
  ]) {
    const parsed = parseFirst(file.text, budget);
    if (parsed && 'problem' in parsed) {
      const message = `${file.path} is ${parsed.problem.message}; correct it`;
      return { problem: { ...parsed.problem, message } };
    }
    const keys = asRecord(parsed?.value);
    if (keys.kind !== undefined) return { problem: notOurs(file.path) };
    places.push((pointer) => {
      const line = parsed?.locate({ layer: 'flag', pointer });
      return line === undefined ? undefined : placeAt(file.path, line);
    });
    configs.push({ keys, pointer: `/${String(configs.length)}` });
  }
  return { given: argumentsOfConfigs(configs).map(({ name, value }) => ({ name, value: withPlaceOf(value, places) })) };
}

function notOurs(path: string): Problem {
  const message = `${path} has a kind, so it is no configuration of k3s or RKE2; check the path`;
  return { code: 'ambiguous', message };
}

/** A word with the place of its value instead of the pointer, which begins with the number of the file. */
function withPlaceOf(
  { pointer = '', ...word }: Word,
  places: readonly ((pointer: string) => string | undefined)[],
): Word {
  const [, at = '', rest = ''] = /^\/(\d+)([^]*)$/.exec(pointer) ?? [];
  const place = places[Number(at)]?.(rest);
  const { problem } = word;
  const placed = place !== undefined && { pointer: place };
  return { ...word, ...placed, ...(problem && { problem: { ...problem, origin: { layer: 'flag', ...placed } } }) };
}

function hiddenIn(found: ReturnType<ProcessFiles['readStaticPods']>): Problem | undefined {
  return found.state === 'read' ? found.problems[0] : undefined;
}
