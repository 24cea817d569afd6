// Settings that no evidence sets, and where they were looked for: what a finding about a missing setting is based on.

import type { Finding } from '../policy/finding.ts';
import type { ReportedAbsence } from './guard-report.ts';

/** The code of a violation whose setting nothing sets. */
const MISSING = 'missing';

/** Where each way to ask looks. */
const LOOKED_AT: Readonly<Partial<Record<string, string>>> = {
  proc: 'the flags and files of its process',
  'node-agent': 'the flags and files of its process',
  handshake: 'its TLS handshake',
  configz: 'its /configz',
  'configz-proxy': 'its /configz, read through the API server',
  'kubelet-flagz': 'its /flagz',
  flagz: 'its /flagz',
};

/** The settings of a failed finding that nothing sets, each with where it was looked for. */
export function absencesOf({
  outcome,
  evidence,
  source,
  subject,
}: Pick<Finding, 'outcome' | 'evidence' | 'source' | 'subject'>): readonly ReportedAbsence[] {
  if (outcome.result !== 'fail') return [];
  const found = new Set(evidence.map(({ setting }) => setting));
  return outcome.violations
    .filter(({ code, setting }) => code === MISSING && !found.has(setting))
    .map(({ setting, origin }) => ({ setting, lookedAt: placeOf(source, subject, origin?.file) }));
}

/** Says it in words, as in `--kubelet-client-key is not set in container kube-apiserver of Pod kube-system/kube-apiserver-cp-1`. */
export function describeAbsence({ setting, lookedAt }: ReportedAbsence): string {
  return `${setting} is not set in ${lookedAt}`;
}

function placeOf(source: Finding['source'], { container }: Finding['subject'], file: string | undefined): string {
  if ('via' in source) return `${LOOKED_AT[source.via] ?? source.via} (${source.node})`;
  const place = 'object' in source ? source.object : source.path === '-' ? 'standard input' : source.path;
  const inside = file === undefined || file === place ? place : `${file}, ${place}`;
  return container === undefined ? inside : `container ${container} of ${inside}`;
}
