// The words that a kubelet gets from kubeadm-flags.env: kubeadm quotes all arguments as one Go string (kubernetes
// cmd/kubeadm/app/phases/kubelet/flags.go, WriteKubeletArgsToFile), and systemd splits its content again.

import { HOLE, wordOf, type Word } from '../argv/words.ts';
import { splitWords } from '../systemd/syntax.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  '\x07': 'a',
  '\b': 'b',
  '\f': 'f',
  '\n': 'n',
  '\r': 'r',
  '\t': 't',
  '\v': 'v',
};
/** What strconv.Quote escapes. systemd keeps these escapes in double quotes, so they are still there when it splits. */
// eslint-disable-next-line no-control-regex -- control characters are the point
const ESCAPED = /[\u0000-\u001f\u007f-\u00a0\u00ad\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]/g;
/** A quote or a backslash that does not end inside the word would change the words behind it. */
const OPEN = /["'\\]/;

/** The words that the kubelet of a node gets of these arguments. */
export function splitBySystemd(words: readonly Word[]): Word[] {
  const texts = words.map(({ text }) => text.replace(ESCAPED, escape));
  if (!texts.some((text) => OPEN.test(text)))
    return texts.flatMap((text, index) =>
      splitWords(text, 'value').words.map((word) => wordOf(word, words[index]?.pointer)),
    );
  const pointer = words.findLast(({ text }) => OPEN.test(text))?.pointer;
  return splitWords(texts.join(' '), 'value').words.map((word) => {
    const written = words.find(({ text }) => text === word);
    return wordOf(word, written ? written.pointer : pointer);
  });
}

function escape(character: string): string {
  const letter = ESCAPES[character];
  if (letter !== undefined) return `\\${letter}`;
  const code = character.charCodeAt(0);
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code > 0xffff ? HOLE : `\\u${code.toString(16).padStart(4, '0')}`;
}
