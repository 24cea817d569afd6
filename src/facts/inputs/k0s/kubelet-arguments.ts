// The arguments that `k0s worker` and `k0s controller` give to their kubelet.

import type { Problem } from '../../../policy/reading.ts';
import { wordOf, type Word } from '../../argv/words.ts';

const EXTRA = '--kubelet-extra-args';

/** k0s splits the text of `--kubelet-extra-args` at white space (internal/pkg/flags/split.go). */
export function k0sKubeletArguments(options: readonly Word[]): { words: Word[]; doubts: Problem[] } {
  const words: Word[] = [];
  const doubts: Problem[] = [];
  for (const [at, { text, pointer, problem }] of options.entries()) {
    const next = options[at + 1]?.text ?? '';
    const given = text === EXTRA ? next : text.startsWith(`${EXTRA}=`) ? text.slice(EXTRA.length + 1) : '';
    const unquoted = /^(["'])(.*)\1$/s.exec(given)?.[2] ?? given;
    for (const word of unquoted.split(/\s+/).filter((part) => part !== '')) {
      if (/^--[^=]+=/.test(word)) words.push({ ...wordOf(word, pointer), ...(problem && { problem }) });
      else doubts.push(unclear(word, pointer));
    }
  }
  return { words, doubts };
}

function unclear(word: string, pointer: string | undefined): Problem {
  const message = `${JSON.stringify(word)} in ${EXTRA} is not of the form --flag=value, so what k0s makes of it is not known; write --flag=value`;
  return { code: 'unresolved', message, origin: { layer: 'flag', ...(pointer !== undefined && { pointer }) } };
}
