// Whether a value that no input reads uses one of the settings, and where.

import { isRecord } from '../../../json.ts';
import type { Budget } from '../../budget.ts';
import { pointerOf } from '../../values/shape.ts';
import { declaredIn, declaredKind } from './declarations.ts';
import { fieldAt, isAboutKubelets, isUnambiguous, settingOfKey, settingUsedIn } from './setting-names.ts';

/** What of a value concerns a component: a setting that it uses, or a configuration that it holds. */
export interface HeldSetting {
  readonly name: string;
  /** As the end of a sentence. */
  readonly what: string;
  /** JSON Pointer of the key or the string. */
  readonly pointer: string;
}

interface SearchState {
  readonly budget: Budget;
  /** The first setting that is only of a kubelet if the rest of the value is about kubelets. */
  ambiguous?: HeldSetting;
  mentionsKubelet: boolean;
}

/**
 * Finds a setting that a value uses: as a key, a flag, or an assignment, also in a text in base64.
 *
 * @param about what is known of its context: the path, the name
 */
export function heldSetting(value: unknown, about: string, budget: Budget): HeldSetting | undefined {
  const state: SearchState = { budget, mentionsKubelet: isAboutKubelets(about) };
  return search(value, [], state) ?? (state.mentionsKubelet ? state.ambiguous : undefined);
}

function search(value: unknown, keys: readonly string[], state: SearchState): HeldSetting | undefined {
  state.budget.nodes();
  if (typeof value === 'string') return searchText(value, keys, state);
  if (Array.isArray(value)) {
    return state.budget.deeper(() =>
      firstOf(value.entries(), (item, at) => search(item, [...keys, String(at)], state)),
    );
  }
  const field = fieldAt(keys);
  if (field !== undefined && value !== null && !isRecord(value)) keep(setting(field, keys), state);
  if (!isRecord(value)) return undefined;
  const declared = keys.length === 0 ? undefined : declaredKind(value);
  if (declared !== undefined) return { name: declared, what: `holds a ${declared}`, pointer: pointerOf(keys) };
  return state.budget.deeper(() =>
    firstOf(Object.entries(value), (item, key) => {
      const inner = [...keys, key];
      if (isAboutKubelets(key)) state.mentionsKubelet = true;
      const name = settingOfKey(key);
      const held = name === undefined ? undefined : keep(setting(name, inner), state);
      return held ?? search(item, inner, state);
    }),
  );
}

function searchText(text: string, keys: readonly string[], state: SearchState): HeldSetting | undefined {
  state.budget.characters(text.length);
  const content = decodedBase64(text) ?? text;
  if (isAboutKubelets(content)) state.mentionsKubelet = true;
  const declared = declaredIn(content);
  if (declared) return { name: 'kubelet', what: declared.what, pointer: pointerOf(keys) };
  const used = settingUsedIn(content);
  if (used) return keep(setting(used.name, keys), state);
  const field = fieldAt(keys);
  return field === undefined ? undefined : keep(setting(field, keys), state);
}

function setting(name: string, keys: readonly string[]): HeldSetting {
  return { name, what: `sets ${name}`, pointer: pointerOf(keys) };
}

/** Returns a setting that is a kubelet's whatever the rest is about, and keeps any other one. */
function keep(held: HeldSetting, state: SearchState): HeldSetting | undefined {
  if (isUnambiguous(held.name)) return held;
  state.ambiguous ??= held;
  return undefined;
}

/** What a text in base64 says, if it is one and says something about a component. */
function decodedBase64(text: string): string | undefined {
  const encoded = text.replace(/^data:[^,]{0,100};base64,/, '').replace(/\s/g, '');
  if (encoded.length < 24 || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return undefined;
  if (encoded.length % 4 !== 0) return undefined;
  const decoded = atob(encoded);
  return /kubelet|apiserver/i.test(decoded) ? decoded : undefined;
}

function firstOf<K, T>(
  entries: Iterable<readonly [K, unknown]>,
  find: (item: unknown, key: K) => T | undefined,
): T | undefined {
  for (const [key, item] of entries) {
    const found = find(item, key);
    if (found !== undefined) return found;
  }
  return undefined;
}
