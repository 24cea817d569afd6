import { createHash } from 'node:crypto';

/** 32 hexadecimal digits that no other text has. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
