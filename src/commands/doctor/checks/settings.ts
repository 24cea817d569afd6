// The checks `reports` and `configuration`: can reports be stored, and has an exemption expired?

import { REPORT_RESOURCES, type ReportApi } from '../../../outputs/cluster/objects.ts';
import type { Check } from '../report.ts';
import type { Answer } from '../../../kube/read-only-api.ts';

/** For each API for reports, whether it is served. */
export type ServedApis = ReadonlyMap<ReportApi, Answer<boolean>>;

/** Checks that the API for reports of the configuration is served. */
export function checkReports(served: ServedApis, wanted: 'auto' | ReportApi | 'none'): Check {
  const check = 'reports';
  if (wanted === 'none') return { check, result: 'ok', message: 'the configuration turns reports off' };
  const chosen = [...served].filter(([api]) => wanted === 'auto' || api === wanted);
  const found = chosen.filter(([, asked]) => 'known' in asked && asked.known).map(([api]) => api);
  const [first] = found;
  if (first !== undefined) {
    const { kind, apiVersion } = REPORT_RESOURCES[first];
    return { check, result: 'ok', message: `${kind}s of ${apiVersion} are served and used` };
  }
  for (const [, asked] of chosen) {
    if ('unknown' in asked) return { check, result: 'unknown', message: asked.unknown };
  }
  if (wanted === 'auto') {
    const message = 'no API for reports is served: findings are in Events, metrics, the log and GET /api/v1/report';
    return { check, result: 'ok', message };
  }
  return {
    check,
    result: 'problem',
    message: `the configuration names reports in ${wanted}, which is not served`,
    remedy: `install the CustomResourceDefinition of ${REPORT_RESOURCES[wanted].apiVersion}, or set sweep.reports to auto`,
  };
}

/** Checks that the configuration can be used, and that no exemption has expired. */
export function checkConfiguration(asked: Answer<{ readonly notes: readonly string[]; readonly from: string }>): Check {
  const check = 'configuration';
  if ('unknown' in asked) {
    return {
      check,
      result: 'unknown',
      message: asked.unknown,
      remedy: 'name the configuration that is in use with --config',
    };
  }
  const { notes, from } = asked.known;
  if (notes.length === 0)
    return { check, result: 'ok', message: `${from} is valid, and no exemption in it has expired` };
  return {
    check,
    result: 'problem',
    message: `${notes.length} ${notes.length === 1 ? 'exemption' : 'exemptions'} of ${from} expired: their findings count again`,
    details: notes,
    remedy: 'renew or remove the expired exemptions',
  };
}
