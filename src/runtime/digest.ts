// Hashes of texts, such as configurations.

import { createHash } from 'node:crypto';

/** The SHA-256 of a text, in hexadecimal. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The first 32 hexadecimal digits of the SHA-256 of a text. */
export function digest(text: string): string {
  return sha256(text).slice(0, 32);
}
