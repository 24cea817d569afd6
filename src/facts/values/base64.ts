// Texts that a document holds as base64.

import { isBase64 } from '../yaml/scalars.ts';

/** The text of standard base64, with or without line breaks; undefined if it is none, or holds no UTF-8. */
export function decodeBase64(encoded: string): string | undefined {
  const compact = encoded.replace(/\s/g, '');
  if (!isBase64(compact)) return undefined;
  const bytes = Uint8Array.from(atob(compact), (character) => character.charCodeAt(0));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
