// From documents to the subjects in them. It never throws: what cannot be understood becomes a problem, and a document that
// holds no component gives no subject.

import { asRecord, isRecord, type UnknownRecord } from '../../json.ts';
import type { Platform } from '../../policy/benchmarks/platform.ts';
import type { NamedText } from '../../policy/document.ts';
import type { Origin, Problem } from '../../policy/reading.ts';
import type { Subject } from '../../policy/subject.ts';
import { thrownProblem } from '../budget.ts';
import { parseStream, type ParsedDocument } from '../yaml/documents.ts';
import { withOrigins } from './configuration.ts';
import { textInputOf } from './texts.ts';
import { inputOf, wrapperOf } from './index.ts';
import type { Context, Input } from './input.ts';
import { kubeadmFile } from './kubeadm/file.ts';
import { kubeletConfigurationFile } from './kubelet/kubelet-configuration.ts';

/** What a document holds. */
export interface Recognised {
  readonly subjects: readonly Subject[];
  readonly problems: readonly Problem[];
  /** Objects in it that no input reads. */
  readonly unread?: readonly UnreadInside[];
}

/** An object that no input reads, with its JSON Pointer in the document. */
interface UnreadInside {
  readonly object: UnknownRecord;
  readonly pointer: string;
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
  const found: Found = { subjects: [], problems: [], unread: [] };
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
  depth = 0,
): Recognised[] {
  const kubeadm = kubeadmFile(documents);
  const isForKubelet = ({ value }: ParsedDocument): boolean => inputOf(asRecord(value)) === kubeletConfigurationFile;
  const [first] = documents;
  const onlyFirst = first?.index === 0 && kubeadm === undefined && isForKubelet(first);
  return documents.map((document) => {
    if (onlyFirst && document !== first && isForKubelet(document)) return { subjects: [], problems: [] };
    const found: Found = { subjects: [], problems: [], unread: [] };
    collect(document, '', { ...contextOf(document), ...(kubeadm && { kubeadm }) }, depth, found);
    return found;
  });
}

/**
 * Finds the subjects in a text, and in the texts inside it. Their origins have lines of the text.
 *
 * @param depth how deep the text is inside others
 */
export function recogniseText({ path, text }: NamedText, context: Context, depth = 0): Recognised {
  const found: Found = { subjects: [], problems: [], unread: [] };
  const { budget, vantage, source } = context;
  const whole = { path, text, vantage, source, budget };
  const input = textInputOf(whole);
  if (depth > MAX_DEPTH)
    return { subjects: [], problems: [{ code: 'malformed', message: 'texts are nested too deeply' }] };
  if (input === undefined) {
    readDocuments(text, context, depth, found);
    return found;
  }
  const read = input.read?.(whole);
  if (read) addMoved(read, found, (origin) => origin);
  for (const part of input.contents?.(whole) ?? []) {
    const inner = recogniseText(part, { ...context, file: part.path }, depth + 1);
    addMoved(inner, found, ({ layer, line }) => ({
      layer,
      line: part.encoded === true ? part.line : part.line + (line ?? 1) - 1,
    }));
  }
  return found;
}

/** The text names something that configures a component, or holds texts that can. */
const OURS = /kube-?apiserver|kubelet|kubeadm|rancher|\bk3s|\brke2|write_files|"?ignition"?\s*:|^variant:/im;

function readDocuments(text: string, context: Context, depth: number, found: Found): void {
  if (!OURS.test(text)) return;
  const stream = parseStream(text, context.budget);
  for (const entry of stream)
    if ('problem' in entry && NAMED.test(text))
      found.problems.push({ ...entry.problem, message: `a text in it is ${entry.problem.message}` });
  const { kubeadm: _, ...inText } = context;
  const parsed = stream.filter((entry) => 'value' in entry);
  const recognised = recogniseAll(parsed, () => inText, depth);
  for (const [index, entry] of parsed.entries()) {
    const read = recognised[index];
    if (read)
      addMoved(read, found, (origin) => {
        const line = entry.locate(origin);
        return { layer: origin.layer, ...(line !== undefined && { line }) };
      });
  }
}

/** A text that is meant to be a configuration of a component. */
const NAMED = /^[ \t]*"?(?:apiVersion|kind)"?[ \t]*:[^\n]{0,200}(?:kube|k8s)/im;

function within(line: number | undefined): Pick<Origin, 'lineWithin'> {
  return line === undefined ? {} : { lineWithin: line };
}

function addMoved({ subjects, problems }: Recognised, found: Found, move: (origin: Origin) => Origin): void {
  for (const subject of subjects) found.subjects.push(withOrigins(subject, move));
  for (const { origin, ...problem } of problems)
    found.problems.push(origin === undefined ? problem : { ...problem, origin: move(origin) });
}

interface Found {
  readonly subjects: Subject[];
  readonly problems: Problem[];
  readonly unread: UnreadInside[];
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
  if (!input) {
    found.unread.push({ object, pointer });
    return;
  }
  const foundObject = { ...context, object, document, pointer };
  const before = found.subjects.length + found.problems.length;
  const first = found.subjects.length;
  try {
    for (const subject of input.read(foundObject)) found.subjects.push(subject);
    found.problems.push(...(input.problems?.(foundObject) ?? []));
    for (const { path, text, pointer: own } of input.contents?.(foundObject) ?? []) {
      const inner = recogniseText({ path, text }, { ...context, file: path }, depth + 1);
      addMoved(inner, found, ({ layer, line }) => ({ layer, pointer: `${pointer}${own}`, ...within(line) }));
    }
    // a holder of texts, of which none could be read
    const isEmpty = found.subjects.length + found.problems.length === before;
    if (input.contents !== undefined && isEmpty) found.unread.push({ object, pointer });
  } catch (cause) {
    found.subjects.push(...input.unreadable(foundObject, thrownProblem(cause)));
  }
  addPlatform(found.subjects, first, input, object);
}

/** Adds the platform of an object to its subjects, from one of them on. */
function addPlatform(subjects: Subject[], first: number, { platform }: Input, object: UnknownRecord): void {
  if (subjects.length === first) return;
  const shown = shownBy(platform, object);
  if (shown === undefined) return;
  for (const [index, subject] of subjects.entries())
    if (index >= first && subject.platform === undefined) subjects[index] = { ...subject, platform: shown };
}

/** The platform chooses words only, so a bug in finding it must not cost a finding. */
function shownBy(platform: Input['platform'], object: UnknownRecord): Platform | undefined {
  try {
    return typeof platform === 'function' ? platform(object) : platform;
  } catch {
    return undefined;
  }
}
