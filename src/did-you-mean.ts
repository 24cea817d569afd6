// Finds the known word that somebody most likely meant.

const MOST = 3;

/**
 * The candidates nearest to a mistyped word, as `did you mean X, Y or Z?`; empty if none is near.
 *
 * A candidate is near if few letters differ, if the word is its beginning, or if it has every part of the word
 * (`kubelet-ca` for `kubelet-client-ca`).
 */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const near = nearest(word, candidates);
  const last = near.pop();
  if (last === undefined) return '';
  return near.length === 0 ? `did you mean ${last}?` : `did you mean ${near.join(', ')} or ${last}?`;
}

function nearest(word: string, candidates: Iterable<string>): string[] {
  const wanted = word.toLowerCase();
  // a longer word is no slip of the fingers, and comparing takes the product of the lengths
  if (wanted.length === 0 || wanted.length > 100) return [];
  const all = Array.from(new Set(candidates), (name) => ({ name, distance: distanceOf(wanted, name.toLowerCase()) }));
  const least = Math.min(...all.map(({ distance }) => distance));
  if (least <= Math.max(1, Math.floor(wanted.length / 3)))
    return all
      .filter(({ distance }) => distance === least)
      .map(({ name }) => name)
      .slice(0, MOST);
  const parts = wanted.split(/[^a-z\d]+/).filter((part) => part !== '');
  const isPart = (name: string): boolean => {
    const own = name.toLowerCase();
    const ownParts = own.split(/[^a-z\d]+/);
    return own.startsWith(wanted) || (parts.length > 1 && parts.every((part) => ownParts.includes(part)));
  };
  return all
    .map(({ name }) => name)
    .filter(isPart)
    .slice(0, MOST);
}

/** How many letters to insert, remove, replace or swap with the next one (optimal string alignment). */
function distanceOf(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row += 1) {
    const next = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwapped =
        row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      next.push(
        Math.min(
          (last[column] ?? 0) + 1,
          (next[column - 1] ?? 0) + 1,
          (last[column - 1] ?? 0) + (isSame ? 0 : 1),
          isSwapped ? (beforeLast[column - 2] ?? 0) + 1 : Infinity,
        ),
      );
    }
    [beforeLast, last] = [last, next];
  }
  return last[other.length] ?? Infinity;
}
