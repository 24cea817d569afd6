// The names of the settings that controls check, in texts that are not understood any further.

import { API_SERVER_SETTINGS, KUBELET_SETTINGS } from '../../policy/settings.ts';

const FLAGS = [...Object.values(API_SERVER_SETTINGS), ...Object.values(KUBELET_SETTINGS)].map(({ flag }) => flag);
const FIELDS = ['clientCAFile'];
const NAMED = new RegExp(`--?(?:${FLAGS.join('|')})\\b|\\b(?:${FIELDS.join('|')})\\b`);

/** The first setting that a text names outside of comments, with its line. */
export function settingIn(text: string): { readonly name: string; readonly line: number } | undefined {
  for (const [index, line] of text.split('\n').entries()) {
    const name = /^\s*[#;]/.test(line) ? undefined : NAMED.exec(line)?.[0];
    if (name !== undefined) return { name, line: index + 1 };
  }
  return undefined;
}
