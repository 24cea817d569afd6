// Reads the GuardReport that a node agent stored. Whoever controls the node can write anything there, so nothing in it is trusted
// beyond that node.

import { asRecord, parseJson, type UnknownRecord } from '../../json.ts';
import { CERTIFICATE_USES, MOST_CERTIFICATES, type SeenCertificate } from '../../policy/certificates.ts';
import type { ControlMetadata } from '../../policy/control.ts';
import type { Finding, OtherEvidence } from '../../policy/finding.ts';
import type { Evidence, Outcome, Violation } from '../../policy/outcome.ts';
import type { Origin, Problem, ProblemCode, Vantage } from '../../policy/reading.ts';
import type { NodeAudit } from '../../policy/link/node-audit.ts';
import { auditTime, type AuditMetadata, type KnownNode } from './audit-time.ts';

/** What the sweeper knows about the audited node. */
export interface AuditContext {
  readonly node: KnownNode;
  readonly controls: readonly ControlMetadata[];
  /** RFC 3339, in UTC. */
  readonly now: string;
}

/** An audit of ours never has more. */
export const LIMITS = { findings: 200, entries: 40, text: 4096 };
const VANTAGES: ReadonlySet<unknown> = new Set<Vantage>(['on-node', 'live']);
const ISSUED = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/;
const CODE = /^[a-z][a-z0-9-]{0,40}$/;
/** The characters of names. A bar is not among them: it separates the parts of `findingKey`. */
const NAME = /^[A-Za-z0-9][-A-Za-z0-9._ ]{0,252}$/;
/** Problem codes become labels of metrics, so others are not accepted. */
const REASONS: Readonly<Record<ProblemCode, true>> = {
  malformed: true,
  ambiguous: true,
  unresolved: true,
  'unknown-flag': true,
  'unknown-wrapper': true,
  'not-visible': true,
  'not-mounted': true,
  'relative-path': true,
  forbidden: true,
  unauthorized: true,
  unreachable: true,
  timeout: true,
  tls: true,
  'tls-version': true,
  'wrong-node': true,
  unidentified: true,
  outdated: true,
  redirected: true,
  'not-found': true,
  'not-read': true,
  'too-large': true,
  crashed: true,
};

/**
 * Reads a stored audit. Never throws, whatever the report holds.
 *
 * @param report the GuardReport, as JSON
 * @param metadata what is stored beside the report
 * @returns the findings about that node, with those of the next start of its processes; or why the audit is not used
 */
export function readAudit(report: string, metadata: AuditMetadata, context: AuditContext): NodeAudit | Problem {
  const { kind, run, findings } = asRecord(parseJson(report));
  const at = auditTime(metadata, asRecord(run).startedAt, context.node, context.now);
  if (typeof at !== 'string') return at;
  if (kind !== 'GuardReport' || !Array.isArray(findings) || findings.length > LIMITS.findings)
    return malformed(context);
  const doubt = doubtOf(asRecord(run));
  const read = findings.map((finding) => findingOf(asRecord(finding), context));
  if (read.includes('malformed')) return malformed(context);
  const understood = read.filter((finding) => finding !== 'malformed' && finding !== 'unknown control');
  if (doubt === undefined) return { findings: understood, at };
  return understood.length === 0 ? doubt : { findings: understood.map((finding) => doubted(finding, doubt)), at };
}

/** Why an audit is incomplete. */
function doubtOf({ complete, problems }: UnknownRecord): Problem | undefined {
  if (complete === true) return undefined;
  const [first] = problemsOf(problems);
  const message = `the node agent's audit is incomplete: ${first?.message ?? 'no reason given'}`;
  return { code: first?.code ?? 'ambiguous', message };
}

/** In an incomplete audit a pass is unknown. A fail stays: otherwise anybody on the host could hide it behind many processes. */
function doubted(finding: Finding, doubt: Problem): Finding {
  const { outcome } = finding;
  if (outcome.result !== 'pass') return finding;
  return { ...finding, outcome: { result: 'unknown', problems: [doubt], warnings: outcome.warnings } };
}

function malformed({ node }: AuditContext): Problem {
  const message = `the stored audit of ${node.name} is not a report of a node agent: check who may write to its namespace`;
  return { code: 'malformed', message };
}

function findingOf(
  fields: UnknownRecord,
  { node: { name: node }, controls }: AuditContext,
): Finding | 'malformed' | 'unknown control' {
  const control = controls.find(({ slug }) => slug === fields.control);
  if (control === undefined) return 'unknown control';
  const subject = subjectOf(asRecord(fields.subject), control, node);
  const outcome = outcomeOf(fields);
  if (subject === undefined || outcome === undefined || !VANTAGES.has(fields.vantage)) return 'malformed';
  const pending = list(fields.otherEvidence)
    .map((other) => pendingOf(asRecord(other), node))
    .filter((other) => other !== undefined);
  const { state, since } = asRecord(fields.drift);
  const certificates = certificatesOf(fields.certificates);
  const { moreCertificates: more } = fields;
  const comes = state === 'pending' && isTime(since);
  return {
    control,
    subject,
    source: { node, via: 'proc' },
    // also for a handshake: the kubelet was asked by its own host, which could have changed the answer
    vantage: 'on-node',
    surface: 'process',
    outcome,
    evidence: evidenceOf(fields.evidence),
    ...(certificates.length > 0 && { certificates }),
    ...(Number.isSafeInteger(more) && Number(more) > 0 && { moreCertificates: Number(more) }),
    ...(pending.length > 0 && { others: pending }),
    ...(comes && { drift: { state, since } }),
  };
}

/** A kubelet has the name of its node; a kube-apiserver is a process or a static pod of the node. */
function subjectOf(
  fields: UnknownRecord,
  { component }: ControlMetadata,
  node: string,
): Finding['subject'] | undefined {
  const [name, namespace, kind, container] = ['name', 'namespace', 'kind', 'container'].map((key) =>
    textOf(fields[key]),
  );
  if (fields.component !== component || fields.node !== node || name === undefined) return undefined;
  const isOfNode = kind === 'Node' ? name === node : component === 'kube-apiserver' && name.endsWith(`-${node}`);
  if (!isOfNode || (kind !== 'Node' && kind !== 'Pod')) return undefined;
  if ([name, namespace ?? 'none', container ?? 'none'].some((part) => !NAME.test(part))) return undefined;
  return {
    component,
    name,
    kind,
    node,
    ...(namespace !== undefined && { namespace }),
    ...(container !== undefined && { container }),
  };
}

function outcomeOf({ result, violations, problems, warnings }: UnknownRecord): Outcome | undefined {
  const known = problemsOf(problems);
  const warned = violationsOf(warnings);
  switch (result) {
    case 'pass':
      return { result, warnings: warned };
    case 'fail': {
      const [first, ...rest] = violationsOf(violations);
      return first && { result, violations: [first, ...rest], problems: known, warnings: warned };
    }
    case 'unknown': {
      const [first, ...rest] = known;
      return first && { result, problems: [first, ...rest], warnings: warned };
    }
    default:
      return undefined;
  }
}

function pendingOf(
  { pending, result, agrees, evidence, violations, problems }: UnknownRecord,
  node: string,
): OtherEvidence | undefined {
  if (pending !== true || (result !== 'pass' && result !== 'fail' && result !== 'unknown')) return undefined;
  const found = violationsOf(violations);
  return {
    source: { node, via: 'proc' },
    vantage: 'on-node',
    result,
    agrees: agrees === true,
    evidence: evidenceOf(evidence),
    problems: problemsOf(problems),
    pending,
    ...(found.length > 0 && { violations: found }),
  };
}

function violationsOf(value: unknown): Violation[] {
  return list(value).flatMap((entry) => {
    const { code, setting, message, ...rest } = asRecord(entry);
    const [words, name] = [textOf(message), textOf(setting)];
    if (typeof code !== 'string' || !CODE.test(code) || words === undefined || name === undefined) return [];
    return [{ code, setting: name, message: words, origin: originOf(rest) }];
  });
}

function problemsOf(value: unknown): Problem[] {
  return list(value).flatMap((entry) => {
    const { code, message } = asRecord(entry);
    const words = textOf(message);
    return words === undefined ? [] : [{ code: isReason(code) ? code : 'ambiguous', message: words }];
  });
}

function isReason(code: unknown): code is ProblemCode {
  return typeof code === 'string' && Object.hasOwn(REASONS, code);
}

function evidenceOf(value: unknown): Evidence[] {
  return list(value).flatMap((entry) => {
    const { setting, value: shown, ...rest } = asRecord(entry);
    const [name, text] = [textOf(setting), textOf(shown)];
    return name === undefined || text === undefined ? [] : [{ setting: name, value: text, origin: originOf(rest) }];
  });
}

function certificatesOf(value: unknown): SeenCertificate[] {
  return list(value)
    .slice(0, MOST_CERTIFICATES)
    .flatMap((entry) => {
      const { notBefore, notAfter, ...rest } = asRecord(entry);
      const use = CERTIFICATE_USES.find((known) => known === rest.use);
      const [path, subject, issuer] = [textOf(rest.path), textOf(rest.subject), textOf(rest.issuer)];
      if (use === undefined || path === undefined || subject === undefined || issuer === undefined) return [];
      if (!isTime(notBefore) || !isTime(notAfter)) return [];
      return [{ use, path, subject, issuer, notBefore, notAfter }];
    });
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && ISSUED.test(value);
}

function originOf({ layer, file }: UnknownRecord): Origin {
  const known = (['default', 'kubeadm', 'file', 'drop-in', 'flag', 'live'] as const).find((each) => each === layer);
  const path = textOf(file);
  return { layer: known ?? 'file', ...(path !== undefined && { file: path }) };
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, LIMITS.entries) : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, LIMITS.text) : undefined;
}
