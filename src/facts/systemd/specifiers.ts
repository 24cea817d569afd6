// The specifiers of unit files, such as %i (systemd.unit(5), "Specifiers").

import { HOLE } from '../argv/words.ts';

/**
 * Replaces the specifiers of a unit (systemd.unit(5), "Specifiers") that follow from its name.
 *
 * @param name the unit's full name
 * @returns the text, with HOLE for those that depend on the host
 */
export function expandSpecifiers(text: string, name: string): string {
  if (!text.includes('%')) return text;
  const stem = name.slice(0, name.lastIndexOf('.'));
  const at = stem.indexOf('@');
  return text.replace(/%([a-zA-Z%])/g, (_all, letter: string) => {
    switch (letter) {
      case '%':
        return '%';
      case 'n':
        return name;
      case 'N':
        return stem;
      case 'p':
        return at === -1 ? stem : stem.slice(0, at);
      case 'i':
        return at === -1 ? '' : stem.slice(at + 1);
      default:
        return HOLE;
    }
  });
}
