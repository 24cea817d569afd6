// Files that a document gives to a process.

import type { ParsedDocument } from '../yaml/documents.ts';

/** A file that a document gives to a process. */
export interface DeclaredFile {
  /** The file's path on the host. */
  readonly path: string;
  /** A text, an object of the document that becomes the file's content, or one that was read already. */
  readonly content: { readonly text: string } | { readonly value: unknown } | { readonly document: ParsedDocument };
  /** JSON Pointer of the content in the document. */
  readonly pointer: string;
}
