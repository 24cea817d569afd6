// From documents to the subjects in them. It never throws: what cannot be understood becomes a problem, and a document that
// holds no component gives no subject.

import { asRecord, isRecord } from '../../json.ts';
import type { Problem } from '../../policy/reading.ts';
import type { Subject } from '../../policy/subject.ts';
import { thrownProblem } from '../budget.ts';
import type { ParsedDocument } from '../yaml/documents.ts';
import { inputOf, wrapperOf } from './index.ts';
import type { Context } from './input.ts';
import { kubeadmFile } from './kubeadm/file.ts';
import { kubeletConfigurationFile } from './kubelet/kubelet-configuration.ts';

/** What a document holds. */
export interface Recognised {
  readonly subjects: readonly Subject[];
  readonly problems: readonly Problem[];
}

/** How deep lists and reviews can be nested in each other. */
const MAX_DEPTH = 8;

/**
 * Finds the subjects in one document.
 *
 * @param document an object of one of the inputs, a wrapper of such objects, or the answer of a process that was asked
 * @param context where it came from and how much it proves
 */
export function recognise(document: ParsedDocument, context: Context): Recognised {
  const found: Found = { subjects: [], problems: [] };
  collect(document, '', context, 0, found);
  return found;
}

/**
 * Finds the subjects in the documents of one file. Documents can depend on each other: kubeadm fills in what a
 * KubeletConfiguration beside its own configuration leaves empty, and a kubelet reads the first document only.
 *
 * @returns for each document what it holds
 */
export function recogniseAll(
  documents: readonly ParsedDocument[],
  contextOf: (document: ParsedDocument) => Context,
): Recognised[] {
  const kubeadm = kubeadmFile(documents);
  const isForKubelet = ({ value }: ParsedDocument): boolean => inputOf(asRecord(value)) === kubeletConfigurationFile;
  const [first] = documents;
  const onlyFirst = first?.index === 0 && kubeadm === undefined && isForKubelet(first);
  return documents.map((document) => {
    if (onlyFirst && document !== first && isForKubelet(document)) return { subjects: [], problems: [] };
    return recognise(document, { ...contextOf(document), ...(kubeadm && { kubeadm }) });
  });
}

interface Found {
  readonly subjects: Subject[];
  readonly problems: Problem[];
}

/**
 * Collects the subjects of a document and of what is inside it.
 *
 * @param pointer JSON Pointer of the document in the outermost one
 */
function collect(document: ParsedDocument, pointer: string, context: Context, depth: number, found: Found): void {
  const { value: object } = document;
  if (!isRecord(object)) return;
  if (depth > MAX_DEPTH) {
    const origin = { layer: 'file', pointer } as const;
    found.problems.push({ code: 'malformed', message: 'lists are nested too deeply', origin });
    return;
  }
  const wrapper = wrapperOf(object);
  if (wrapper) {
    const { kubeadm: _, ...inList } = context;
    for (const inner of wrapper.contents(document))
      collect(inner.document, `${pointer}${inner.pointer}`, inList, depth + 1, found);
    return;
  }
  const input = inputOf(object);
  if (!input) return;
  const foundObject = { ...context, object, document, pointer };
  try {
    found.subjects.push(...input.read(foundObject));
    found.problems.push(...(input.problems?.(foundObject) ?? []));
  } catch (cause) {
    found.subjects.push(...input.unreadable(foundObject, thrownProblem(cause)));
  }
}
