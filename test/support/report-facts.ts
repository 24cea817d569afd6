// The facts of a report that its page must show as text, whatever the page looks like.

import type { GuardReport, ReportedFinding } from '../../src/outputs/guard-report.ts';
import { escapeForTerminal } from '../../src/outputs/printable.ts';

/** A fact, with where in the report it is. */
export interface ReportFact {
  readonly what: string;
  readonly text: string;
}

/** Each text of a report that an auditor needs. Dates are days: a page may write the time in words. */
export function factsOf(report: GuardReport): readonly ReportFact[] {
  const { run, exemptions = [], link, findings } = report;
  return unique([
    ...fact('run', run.id, day(run.finishedAt), run.cluster?.server, run.cluster?.uid, run.cluster?.version),
    ...run.problems.flatMap(({ message, source }) => [
      ...fact('problem of the run', message),
      ...fact('source of a problem', 'path' in source ? source.path : 'object' in source ? source.object : source.node),
    ]),
    ...exemptions.flatMap(({ control, subject, reason, expires }) =>
      fact('exemption', control, subject, reason, day(expires)),
    ),
    ...(link?.acceptedAuthorities ?? []).flatMap(({ name }) => fact('accepted CA', name)),
    ...findings.flatMap(factsOfFinding),
  ]);
}

function factsOfFinding(finding: ReportedFinding): ReportFact[] {
  const { subject, control, certificates = [], exempted, drift } = finding;
  return [
    ...fact('name', subject.name, subject.kind === 'Node' ? undefined : subject.namespace),
    ...fact('control', control),
    ...fact('reason of an exemption', exempted?.reason, day(exempted?.expires)),
    ...fact('drift', day(drift?.since)),
    ...certificates.flatMap(({ path, subject, issuer, notAfter }) =>
      fact('certificate', path, subject, issuer, day(notAfter)),
    ),
    ...(finding.warnings ?? []).flatMap(({ message }) => fact('warning', message)),
    ...(finding.result === 'pass' ? [] : factsOfFault(finding)),
  ];
}

function factsOfFault({ violations, problems, evidence, absent = [], ...finding }: ReportedFinding): ReportFact[] {
  return [
    ...violations.flatMap(({ message, file }) => fact('violation', message, file)),
    ...problems.flatMap(({ message }) => fact('problem', message)),
    ...evidence.flatMap(({ setting, value, file }) => fact('evidence', setting, value, file)),
    ...absent.flatMap(({ setting, lookedAt }) => fact('absence', setting, lookedAt.replace(/ \(.*\)$/, ''))),
    ...fact('fix', finding.result === 'fail' ? finding.remediation : undefined),
    ...fact('expected', finding.expected),
    ...finding.references.flatMap((reference) => fact('reference', reference)),
  ];
}

function day(time: string | undefined): string | undefined {
  return time?.slice(0, 10);
}

function fact(what: string, ...texts: readonly (string | undefined)[]): ReportFact[] {
  return texts.flatMap((text) => (text === undefined || text === '' ? [] : [{ what, text }]));
}

function unique(facts: readonly ReportFact[]): readonly ReportFact[] {
  return [...new Map(facts.map((each) => [`${each.what} ${each.text}`, each])).values()];
}

/** The facts that a page does not have. Lines may be broken anywhere, and what a browser would act on is an escape. */
export function missingFacts(facts: readonly ReportFact[], page: string): readonly ReportFact[] {
  const text = joined(page);
  return facts.filter((fact) => !text.includes(joined(escapeForTerminal(fact.text))));
}

function joined(text: string): string {
  return text.replaceAll(/\s|\\n/g, '');
}
