// What a finding says without the words that only belong to its subject: findings of which that is equal share a block.

import { isPlainPass, replaceOwnWords } from '../../alike.ts';
import type {
  Place,
  ReportedEvidence,
  ReportedFinding,
  ReportedOtherEvidence,
  ReportedProblem,
  ReportedViolation,
} from '../../guard-report.ts';
import { standingOf } from '../../standing.ts';
import { nounOf, ownSourceName, subjectOf } from '../../text/names.ts';

/** What a finding has in common with others, and what only it has. */
export interface Likeness {
  /** Equal for findings that are alike. */
  readonly key: string;
  /** Its own words: its name, its drift, then those of the texts, in their order. */
  readonly words: readonly string[];
}

/** Finds what findings have in common. Most findings of a large cluster are equal but for their names. */
export class Likenesses {
  /** The keys of findings without own words, by a form that is faster to make. */
  readonly #plain = new Map<string, string>();
  readonly #numbers = new Map<string, number>();

  of(finding: ReportedFinding): Likeness {
    const own = [nameOf(finding), driftOf(finding)];
    const form = JSON.stringify([shapeOf(finding, (text) => text), this.#fixedOf(finding)]);
    const plain = this.#plain.get(form);
    if (plain !== undefined && !hasName(form, finding)) return { key: plain, words: own };
    const words: string[] = [];
    const key = keyOf(finding, words);
    if (words.length > 0) return { key, words: [...own, ...words] };
    this.#plain.set(form, key);
    return { key, words: own };
  }

  /** The long texts of the control as numbers. */
  #fixedOf({ references, remediation }: ReportedFinding): readonly number[] {
    return [remediation, ...references].map((text) => {
      const number = this.#numbers.get(text) ?? this.#numbers.size;
      this.#numbers.set(text, number);
      return number;
    });
  }
}

/** Why a finding is unknown, whatever its control; undefined if evidence of the control is a part of it. */
export function unknownReason(finding: ReportedFinding): string | undefined {
  const { result, evidence, otherEvidence = [] } = finding;
  if (result !== 'unknown' || evidence.length + otherEvidence.length > 0) return undefined;
  return keyOf({ ...finding, control: '', references: [], remediation: '' }, []);
}

/** @param words gets the own words of the texts */
function keyOf(finding: ReportedFinding, words: string[]): string {
  const { references, remediation } = finding;
  return JSON.stringify([shapeOf(finding, (text) => withoutOwnWords(text, finding, words)), references, remediation]);
}

/** The subject where its name in the list does not say all: a file has subjects, and a pod has a node that its name can lack. */
function nameOf(finding: ReportedFinding): string {
  const { kind, node, name } = finding.subject;
  if ('path' in finding.source) return subjectOf(finding);
  const isNamed = kind === 'Node' || node === undefined || name === node || name.endsWith(`-${node}`);
  return isNamed ? '' : `on ${node}`;
}

function driftOf({ drift }: ReportedFinding): string {
  return drift === undefined ? '' : `${drift.state} since ${drift.since}`;
}

function hasName(key: string, { subject: { name, node }, source }: ReportedFinding): boolean {
  const path = 'path' in source ? source.path : undefined;
  return [name, ...(node === name ? [] : [node]), path].some((own) => own !== undefined && key.includes(inJson(own)));
}

function inJson(text: string): string {
  return /^[\w./:-]*$/.test(text) ? text : JSON.stringify(text).slice(1, -1);
}

const MARK = '\u0000';

/** A text that has own words becomes a list, which no text equals. */
function withoutOwnWords(text: string, finding: ReportedFinding, words: string[]): string | readonly [string, number] {
  if (text.includes(MARK)) return text;
  const before = words.length;
  const marked = replaceOwnWords(text, finding, (word) => {
    words.push(word);
    return MARK;
  });
  const count = words.length - before;
  return count === 0 ? text : [marked, count];
}

type Own = (text: string) => unknown;

function shapeOf(finding: ReportedFinding, own: Own): unknown {
  const { control, subject, source, vantage, violations, problems, warnings = [], evidence, absent = [] } = finding;
  const { otherEvidence = [], exempted, expected } = finding;

  return [
    standingOf(finding),
    isPlainPass(finding),
    control,
    subject.component,
    nounOf(subject, 1),
    ownSource(finding, source),
    vantage,
    exempted?.reason,
    exempted?.expires,
    expected,
    violations.map((fault) => faultShape(fault, own)),
    problems.map((fault) => faultShape(fault, own)),
    warnings.map((fault) => faultShape(fault, own)),
    evidence.map((found) => evidenceShape(found, own)),
    absent.map(({ setting, lookedAt }) => [setting, own(lookedAt)]),
    otherEvidence.map((other) => otherShape(other, finding, own)),
  ];
}

function otherShape(other: ReportedOtherEvidence, finding: ReportedFinding, own: Own): unknown {
  const { source, vantage, result, agrees, pending, evidence, problems, violations = [] } = other;
  return [
    ownSource(finding, source),
    vantage,
    result,
    agrees,
    pending,
    evidence.map((found) => evidenceShape(found, own)),
    problems.map((fault) => faultShape(fault, own)),
    violations.map((fault) => faultShape(fault, own)),
  ];
}

/** A file is named beside the name of each subject. */
function ownSource({ subject, source }: ReportedFinding, of: ReportedFinding['source']): string {
  return 'path' in of && of === source ? 'path' : ownSourceName({ subject, source: of });
}

function faultShape(fault: ReportedViolation | ReportedProblem, own: Own): unknown {
  return [fault.code, 'setting' in fault ? fault.setting : '', own(fault.message), placeShape(fault, own)];
}

function evidenceShape(found: ReportedEvidence, own: Own): unknown {
  return [found.setting, own(found.value), found.layer, placeShape(found, own)];
}

function placeShape({ file, line, pointer, within }: Place, own: Own): unknown {
  if (file === undefined && line === undefined && pointer === undefined) return 0;
  return [
    file === undefined ? undefined : own(file),
    line === undefined ? undefined : own(`line ${line}`),
    pointer,
    within,
  ];
}
