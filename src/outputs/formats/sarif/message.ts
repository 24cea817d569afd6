// Text for messages of SARIF.

import { escapeLine } from '../../printable.ts';

/**
 * Makes text harmless in a message: nothing in it hides, is a link (SARIF 2.1.0, 3.11.6) or a placeholder that a reader fills
 * in (3.11.5).
 */
export function messageText(text: string): string {
  return escapeLine(text)
    .replaceAll('](', '] (')
    .replace(/\{(?=\d)/g, '{ ');
}
