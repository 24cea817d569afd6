// kubeadm's extra arguments, and how they change its own (kubernetes cmd/kubeadm/app/util/arguments.go, ArgumentsToCommand).

import { asArray, asRecord, isRecord, stringOrEmpty } from '../../json.ts';
import type { Word } from '../argv/words.ts';
import { pointerOf, valueAt } from '../values/shape.ts';
import type { KubeadmVersion } from './versions.ts';

/** One argument. */
export interface Argument {
  readonly name: string;
  readonly value: string;
}

interface ExtraArgument extends Argument {
  readonly mergeMethod: string;
  readonly pointer: string;
}

/** The extra arguments at a path of names, in the order in which kubeadm adds them. */
export function extraArguments(
  configuration: unknown,
  names: readonly string[],
  version: KubeadmVersion,
): ExtraArgument[] {
  const value = valueAt(configuration, names);
  if (version.arguments === 'map') {
    const entries = isRecord(value) ? value : {};
    return Object.keys(entries)
      .sort()
      .map((name) => ({
        name,
        value: stringOrEmpty(entries[name]),
        mergeMethod: '',
        pointer: pointerOf([...names, name]),
      }));
  }
  return asArray(value).map((entry, index) => {
    const argument = asRecord(entry);
    return {
      name: stringOrEmpty(argument.name),
      value: stringOrEmpty(argument.value),
      mergeMethod: version.merges ? stringOrEmpty(argument.mergeMethod) : '',
      pointer: pointerOf([...names, String(index), 'value']),
    };
  });
}

/**
 * kubeadm's own arguments with the extra ones: those of the same name replace or extend its own, the others follow.
 *
 * @param own sorted by name
 */
export function commandLine(own: readonly Argument[], extra: readonly ExtraArgument[]): Word[] {
  const last = new Map(extra.map((argument) => [argument.name, argument]));
  const words: Word[] = [];
  for (const { name, value } of own) {
    const override = last.get(name);
    if (override === undefined) words.push({ text: `--${name}=${value}` });
    else if (override.mergeMethod !== '')
      words.push({ text: `--${name}=${merge(value, override)}`, pointer: override.pointer });
  }
  for (const { name, value, mergeMethod, pointer } of extra) {
    if (mergeMethod === '') words.push({ text: `--${name}=${value}`, pointer });
  }
  return words;
}

function merge(base: string, { value, mergeMethod }: ExtraArgument): string {
  if (mergeMethod === 'append') return base + value;
  return mergeMethod === 'prepend' ? value + base : value;
}
