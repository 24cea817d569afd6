// Origins in kubeadm's documents, as places in what holds the documents.

import type { Origin } from '../../policy/reading.ts';
import type { KubeadmDocument } from './documents.ts';

/** An origin in one of the documents, as one in what holds it. */
export function originIn({ document, pointer, elsewhere, originOf }: KubeadmDocument, origin: Origin): Origin {
  if (origin.pointer === undefined) return origin;
  if (originOf) return originOf(origin);
  if (elsewhere !== true) return { ...origin, pointer: `${pointer}${origin.pointer}` };
  const { pointer: _, ...rest } = origin;
  const line = document.locate({ ...origin, pointer: `${pointer}${origin.pointer}` });
  return { ...rest, ...(line !== undefined && { line }) };
}
