// The text of a file to what is in it: its documents, or the text as a whole; and what of it is not read although it matters.

import { asRecord, isRecord } from '../../json.ts';
import type { TextDocument } from '../../policy/document.ts';
import type { Inspection } from '../../policy/finding.ts';
import type { Origin, Problem, Source, SourceProblem } from '../../policy/reading.ts';
import type { Budget } from '../budget.ts';
import { brokenTemplate, firstPlaceholder } from '../values/placeholders.ts';
import { parseStream, type AnyDocument, type ParsedDocument } from '../yaml/documents.ts';
import { inputOf } from './index.ts';
import { kubeletConfigurationFile } from './kubelet/kubelet-configuration.ts';
import { rancherConfig } from './rancher/config.ts';
import { recogniseAll, recogniseText, type Recognised } from './recognise.ts';
import { countsTogether, textInputOf } from './texts.ts';
import { notADropIn } from './unread/drop-ins.ts';
import { fileClass, type FileClass } from './unread/file-class.ts';
import { nothingInFile, unreadObject, unreadText, unreadValue } from './unread/problems.ts';
import { isOurs, signIn, textKindOf } from './unread/texts.ts';

/** What a document holds, with the place of each part. */
export interface ReadDocument extends Pick<Inspection, 'parts' | 'used'> {
  readonly inspected: readonly InspectedPart[];
  readonly broken: readonly SourceProblem[];
}

interface InspectedPart {
  readonly recognised: Recognised;
  readonly source: Source;
  readonly locate: (origin: Origin) => number | undefined;
}

/** Reads a text. What is not ours is no problem in a folder; nothing to check is one in a file that was named. */
export function readTextDocument(document: TextDocument, budget: Budget): ReadDocument {
  const { path, text, found } = document;
  const source: Source = { path, document: 0 };
  const kind: FileClass = found === undefined || found.named === path ? 'configuration' : fileClass(path);
  if (kind === 'other') return { inspected: [], broken: [] };
  const textInput = textInputOf({ path, text, vantage: 'declared', source, budget });
  if (textInput) {
    const recognised = recogniseText({ path, text }, { source, vantage: 'declared', budget });
    if (countsTogether(textInput))
      return { inspected: [inFile(path, recognised)], broken: [], parts: [{ path, text }] };
    const isEmptyText = found !== undefined && recognised.subjects.length + recognised.problems.length === 0;
    const read = isEmptyText ? unreadWhole(document, kind) : recognised;
    // a script is source code, unless it is about kubelets
    const isCode = kind === 'script' && read.subjects.length === 0 && signIn(text, path) === undefined;
    return { inspected: isCode ? [] : [inFile(path, read)], broken: [] };
  }
  if (kind === 'script') return { inspected: [], broken: [] };
  const stream = parseStream(text, budget);
  const inspected = readStream(stream, document, budget);
  const broken = brokenIn(stream, text, path);
  const parts = isFileOfUnit(stream) && { parts: [{ path, text }] };
  if (found === undefined) return { inspected, broken, ...parts };
  const isNamed = found.named === path;
  if (kind === 'prose')
    return { inspected: inspected.filter(({ recognised }) => recognised.subjects.length > 0), broken: [] };
  const unread = unreadParts(stream, document, budget);
  const rest = isNamed || isOurs(text, path) ? broken : [];
  const shown = unread.length > 0 && stream.every(isNoObject) ? [] : rest;
  const read = { inspected: [...inspected, ...unread], broken: shown, ...parts };
  if (!isNamed || !isEmpty(read)) return read;
  const values = stream.flatMap((entry) => ('value' in entry ? [entry.value] : []));
  return { inspected: [inFile(path, withProblem(nothingInFile(text, values)))], broken: [] };
}

/** A text with parts of which none could be read. */
function unreadWhole({ path, text, found }: TextDocument, kind: FileClass): Recognised {
  const unread = kind === 'script' ? undefined : unreadText(text, path);
  return withProblem(unread ?? (found?.named === path ? nothingInFile(text, []) : undefined));
}

const NOTHING: Recognised = { subjects: [], problems: [] };

function withProblem(problem: Problem | undefined): Recognised {
  return problem === undefined ? NOTHING : { subjects: [], problems: [problem] };
}

function inFile(path: string, recognised: Recognised): InspectedPart {
  return { recognised, source: { path, document: 0 }, locate: ({ line }) => line };
}

function isEmpty({ inspected, broken }: ReadDocument): boolean {
  return (
    broken.length === 0 &&
    inspected.every(({ recognised: { subjects, problems } }) => subjects.length + problems.length === 0)
  );
}

/** The documents of a stream. With what no input reads, if it is known how the file was found. */
function readStream(stream: readonly AnyDocument[], document: TextDocument, budget: Budget): InspectedPart[] {
  const { path, found } = document;
  const sourceOf = ({ index }: { readonly index: number }): Source => ({ path, document: index });
  const parsed = stream.filter((entry) => 'value' in entry);
  const stray = notADropIn(document, parsed);
  if (stray) return [inFile(path, withProblem(stray))];
  const recognised = recogniseAll(parsed, (entry) => ({ source: sourceOf(entry), vantage: 'declared', budget }));
  return parsed.flatMap((entry, index) => {
    const { subjects, problems, unread = [] } = recognised[index] ?? NOTHING;
    const others = found === undefined ? [] : unread;
    const more = others.flatMap(({ object, pointer }) => unreadObject(object, pointer, path, budget) ?? []);
    return [
      { recognised: { subjects, problems: [...problems, ...more] }, source: sourceOf(entry), locate: entry.locate },
    ];
  });
}

/** The problems of what is no object: lists, and texts that are no YAML. */
function unreadParts(stream: readonly AnyDocument[], { path, text }: TextDocument, budget: Budget): InspectedPart[] {
  const lists = stream.filter((entry): entry is ParsedDocument => 'value' in entry && Array.isArray(entry.value));
  const parts = lists.flatMap(({ value, index, locate }) => {
    const problem = unreadValue(value, path, budget);
    return problem ? [{ recognised: withProblem(problem), source: { path, document: index }, locate }] : [];
  });
  if (parts.length > 0 || !stream.every(isNoObject)) return parts;
  // what is broken and meant as YAML has a better reason
  const isBroken = stream.some((entry) => 'problem' in entry);
  if (
    isBroken &&
    textKindOf(text, path) === undefined &&
    (/\.(?:ya?ml|json|manifest)(?:\.|$)/.test(path) || isTemplate(text))
  )
    return [];
  const problem = unreadText(text, path);
  return problem ? [inFile(path, withProblem(problem))] : [];
}

function isNoObject(entry: AnyDocument): boolean {
  return 'problem' in entry || !isRecord(entry.value);
}

function isTemplate(text: string): boolean {
  return firstPlaceholder(text) !== undefined;
}

/** A file that a unit can name: the configuration of a kubelet, or of k3s and RKE2. */
function isFileOfUnit([first]: readonly AnyDocument[]): boolean {
  const input = first !== undefined && 'value' in first ? inputOf(asRecord(first.value)) : undefined;
  return input === kubeletConfigurationFile || input === rancherConfig;
}

/** What of a text cannot be read. The text of a template says so. */
function brokenIn(stream: readonly AnyDocument[], text: string, path: string): SourceProblem[] {
  const broken = stream.filter((entry) => 'problem' in entry);
  const placeholder = broken.length > 0 ? firstPlaceholder(text) : undefined;
  return broken.map(({ problem, index }) => ({
    problem: placeholder ? brokenTemplate(problem, placeholder, path) : problem,
    source: { path, document: index },
  }));
}
