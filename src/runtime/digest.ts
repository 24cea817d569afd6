// Hashes of texts, such as configurations. node:crypto is slow to load, and `check` with its default format hashes nothing.

/** The SHA-256 of a text, in hexadecimal. */
export function sha256(text: string): string {
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(text).digest('hex');
}

/** The first 32 hexadecimal digits of the SHA-256 of a text. */
export function digest(text: string): string {
  return sha256(text).slice(0, 32);
}
