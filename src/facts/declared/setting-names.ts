// The names of the settings that controls check, in texts that are not understood any further.

import { API_SERVER_SETTINGS, KUBELET_SETTINGS } from '../../policy/settings.ts';

const FLAGS = [...Object.values(API_SERVER_SETTINGS), ...Object.values(KUBELET_SETTINGS)].map(
  ({ flag }) => `--${flag}`,
);
/** The fields of paths: others, as `mode`, are words of every language. */
const FIELDS = Object.values(KUBELET_SETTINGS).flatMap(({ type, field }) =>
  type === 'path' ? [field.slice(field.lastIndexOf('.') + 1)] : [],
);
const NAMES = [...FLAGS, ...FIELDS];

/** The first setting that a text mentions outside of comments, with its line. */
export function settingNamedIn(text: string): { readonly name: string; readonly line: number } | undefined {
  if (!NAMES.some((name) => text.includes(name))) return undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const name = /^\s*[#;]/.test(line) ? undefined : NAMES.find((each) => line.includes(each));
    if (name !== undefined) return { name, line: index + 1 };
  }
  return undefined;
}
