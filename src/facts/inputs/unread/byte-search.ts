// Searches bytes for many words at once, and skips what cannot be the end of one (after Wu and Manber, with blocks of two bytes).

const BLOCK = 2;

/** A word to search for. */
export interface SearchWord {
  readonly text: string;
  /** Whether upper and lower case differ. */
  readonly exact?: true;
}

interface PreparedWord {
  readonly bytes: Uint8Array;
  readonly mask: number;
}

/** Letters of both cases are equal with this bit set. */
const CASE_BIT = 0x20;

/**
 * Makes what tells whether bytes hold one of the words.
 *
 * @param words in ASCII, each at least two characters long
 */
export function byteSearch(words: readonly SearchWord[]): (bytes: Uint8Array) => boolean {
  const shortest = Math.min(...words.map(({ text }) => text.length));
  const longestShift = shortest - BLOCK + 1;
  const shifts = new Uint8Array(1 << 16).fill(longestShift);
  const ends = new Map<number, PreparedWord[]>();
  for (const { text, exact } of words) {
    const mask = exact ? 0 : CASE_BIT;
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0) | mask);
    for (let end = BLOCK; end <= shortest; end += 1) {
      const block = blockAt(bytes, end);
      shifts[block] = Math.min(shifts[block] ?? 0, shortest - end);
    }
    const last = blockAt(bytes, shortest);
    ends.set(last, [...(ends.get(last) ?? []), { bytes, mask }]);
  }
  return (bytes) => {
    const { length } = bytes;
    for (let end = shortest; end <= length;) {
      const block = blockAt(bytes, end);
      const shift = shifts[block] ?? 0;
      if (shift > 0) {
        end += shift;
        continue;
      }
      if (ends.get(block)?.some((word) => isAt(word, bytes, end - shortest)) === true) return true;
      end += 1;
    }
    return false;
  };
}

/** The two bytes before a position, as one number in which case does not count. */
function blockAt(bytes: Uint8Array, end: number): number {
  return (((bytes[end - 2] ?? 0) | CASE_BIT) << 8) | ((bytes[end - 1] ?? 0) | CASE_BIT);
}

function isAt({ bytes: word, mask }: PreparedWord, bytes: Uint8Array, start: number): boolean {
  for (let at = 0; at < word.length; at += 1) {
    if (((bytes[start + at] ?? 0) | mask) !== word[at]) return false;
  }
  return true;
}
