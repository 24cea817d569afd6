// The answer to an AdmissionReview.

import { remediationFor } from '../../policy/benchmarks/remedy.ts';
import { shownReference, titleOf } from '../../policy/benchmarks/shown.ts';
import type { Exemption } from '../../policy/control.ts';
import type { DecidedFinding, Decision, Finding } from '../../policy/finding.ts';
import type { Violation } from '../../policy/outcome.ts';
import type { Origin, Problem, Source } from '../../policy/reading.ts';
import { cut, fitWarnings, MOST_WARNING } from './header-text.ts';
import { allowanceOf, denialOf, wayOut } from './reason.ts';
import { escapeLine } from '../printable.ts';

/** A decision on a request, and the parts of the object that could not be understood. */
export interface AdmissionDecision extends Decision {
  readonly problems: readonly Problem[];
}

/** What the webhook decided, for the audit log, the metrics and the log. `skip` is a request that it does not check. */
export type AdmissionVerdict = 'allow' | 'warn' | 'deny' | 'skip';

/** The response to an AdmissionReview of admission.k8s.io/v1. */
export interface AdmissionAnswer {
  readonly apiVersion: 'admission.k8s.io/v1';
  readonly kind: 'AdmissionReview';
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly status?: { readonly code: 403; readonly reason: 'Forbidden'; readonly message: string };
    readonly warnings?: readonly string[];
    readonly auditAnnotations: Readonly<Record<string, string>>;
  };
}

/** Enough for a reader. Without limits a hostile object makes the API server send megabytes to its client and audit log. */
const LIMITS = { text: 1024, message: 16_384, annotation: 4096, codes: 16, reason: 256, object: 80 };

const MIRROR_POD =
  'A denied mirror pod does not stop the static pod that already runs on the node: ' +
  "correct its manifest in the node's static pod folder.";

/**
 * Answers a review.
 *
 * Audit annotations carry plain keys, because the API server prefixes them with the name of the webhook and a slash
 * (k8s.io/apiserver plugin/webhook/validating/dispatcher.go): `decision` becomes `validate.kubelet-guard.dev/decision`.
 *
 * @param uid the uid of the request
 * @param decision the decision, or undefined if the request was not checked
 */
export function admissionAnswer(uid: string, decision: AdmissionDecision | undefined): AdmissionAnswer {
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: responseOf(uid, decision) };
}

/** The one word for a decision. A decision with problems is `warn`, and never `allow`. */
export function verdictOf(decision: AdmissionDecision | undefined): AdmissionVerdict {
  if (decision === undefined) return 'skip';
  const { allowed, warned, problems } = decision;
  if (!allowed) return 'deny';
  return warned.length > 0 || problems.length > 0 ? 'warn' : 'allow';
}

/** The exemptions that a decision uses, each once. */
export function exemptionsIn({ exempted }: Decision): Exemption[] {
  return [...new Set(exempted.map(({ exemption }) => exemption))];
}

function responseOf(uid: string, decision: AdmissionDecision | undefined): AdmissionAnswer['response'] {
  const verdict = verdictOf(decision);
  if (decision === undefined) return { uid, allowed: true, auditAnnotations: { decision: verdict } };
  if (verdict === 'allow' && decision.exempted.length === 0)
    return { uid, allowed: true, auditAnnotations: { decision: verdict } };
  const exemptions = exemptionsIn(decision);
  // for the auditor only: the author of the change gets no warning
  const inUse = exemptions.length > 0 && { exemptions: annotationOf(exemptions, inShort) };
  if (verdict === 'allow') return { uid, allowed: true, auditAnnotations: { decision: verdict, ...inUse } };
  const findings = annotationOf([...decision.denied, ...decision.warned], summaryOf);
  const auditAnnotations = { decision: verdict, findings, ...inUse };
  if (verdict === 'warn') {
    const unread = decision.problems.map(({ message }) => `not checked: ${message}`);
    const warnings = fitWarnings([...decision.warned.flatMap(warningsOf), ...unread]);
    return { uid, allowed: true, warnings, auditAnnotations };
  }
  const status = { code: 403, reason: 'Forbidden', message: refusalOf(decision.denied) } as const;
  return { uid, allowed: false, status, auditAnnotations };
}

function refusalOf(denied: readonly DecidedFinding[]): string {
  const notes = [
    ...(denied.some(({ surface }) => surface === 'mirror-pod') ? [MIRROR_POD] : []),
    cut(escapeLine(wayOut(denied)), LIMITS.text),
  ];
  let room = LIMITS.message - notes.join('\n').length;
  const lines: string[] = [];
  for (const [index, finding] of denied.entries()) {
    const line = paragraphOf(finding);
    if (index > 0 && line.length > room) {
      lines.push(`... and ${denied.length - index} more findings`);
      break;
    }
    lines.push(cut(line, room));
    room -= line.length;
  }
  return [...lines, ...notes].join('\n');
}

function paragraphOf(finding: DecidedFinding): string {
  const { source, subject } = finding;
  const container = subject.container === undefined ? '' : `, container ${subject.container}`;
  const wrong = faultsOf(finding).map(({ text, origin }) => cut(text, LIMITS.text) + placeOf(origin));
  const where = `${cut(whereOf(source), LIMITS.text)}${container}`;
  const why = denialOf(finding);
  // the message ends up in terminals and logs
  return escapeLine(
    `${titleOf(finding)}, in ${where}: ${wrong.join('; ')}. ${why}. To fix it: ${remediationFor(finding)}`,
  );
}

interface Fault {
  readonly text: string;
  readonly origin?: Origin | undefined;
}

function faultsOf({ outcome }: Finding): Fault[] {
  const violations = outcome.result === 'fail' ? outcome.violations.map(violationFault) : [];
  const problems = outcome.result === 'pass' ? [] : outcome.problems.map(problemFault);
  return [...violations, ...problems];
}

function violationFault({ message, origin }: Violation): Fault {
  return { text: message, origin };
}

function problemFault({ message, origin }: Problem): Fault {
  return { text: `unknown: ${message}`, origin };
}

/**
 * A warning begins with the object and ends with what to do; if it is too long, the fault between them is cut. The reader may
 * have written many objects, and kubectl names none.
 */
function warningsOf(finding: DecidedFinding): string[] {
  const { outcome, source, subject, control, platform } = finding;
  const notes = [...faultsOf(finding), ...outcome.warnings.map(violationFault)];
  const { container } = subject;
  const inside = container === undefined || container === subject.component ? '' : `, container ${container}`;
  const shown = shownReference(control, platform);
  const start = `${cut(`${whereOf(source)}${inside}`, LIMITS.object)}: `;
  const end = `${shown ? ` (${shown.benchmark} ${shown.id})` : ''}. ${allowanceOf(finding)}. See: kubelet-guard explain ${control.slug}`;
  return notes.map(({ text }) => `${start}${cut(text, MOST_WARNING - start.length - end.length)}${end}`);
}

function whereOf(source: Source): string {
  if ('object' in source) return source.object;
  return 'path' in source ? source.path : `node ${source.node}`;
}

function placeOf(origin: Origin | undefined): string {
  const pointer = origin?.pointer ?? '';
  const within = origin?.within ?? '';
  if (pointer === '' && within === '') return '';
  return cut(within === '' ? ` (at ${pointer})` : ` (at ${pointer}, in it ${within})`, LIMITS.text);
}

/** Compact JSON of whole items only, so that a long annotation is still JSON. */
function annotationOf<T>(items: readonly T[], summarise: (item: T) => object): string {
  const entries: string[] = [];
  let room = LIMITS.annotation - '[]'.length - ',{"more":99999999}'.length;
  for (const [index, item] of items.entries()) {
    const entry = JSON.stringify(summarise(item));
    if (entry.length + 1 > room) {
      entries.push(JSON.stringify({ more: items.length - index }));
      break;
    }
    entries.push(entry);
    room -= entry.length + 1;
  }
  return `[${entries.join(',')}]`;
}

function inShort({ control, subject, reason, expires }: Exemption): object {
  return { control, subject, reason: cut(reason, LIMITS.reason), expires };
}

function summaryOf({ control, subject, outcome }: Finding): object {
  const { container } = subject;
  const codes = [
    ...(outcome.result === 'fail' ? outcome.violations.map(({ code, setting }) => `${code} ${setting}`) : []),
    ...(outcome.result === 'pass' ? [] : outcome.problems.map(({ code }) => code)),
    ...outcome.warnings.map(({ code, setting }) => `${code} ${setting}`),
  ];
  const name = cut(container ?? subject.name, 253);
  return {
    control: control.slug,
    result: outcome.result,
    subject: name,
    codes: codes.slice(0, LIMITS.codes).map((code) => cut(code, 128)),
  };
}
