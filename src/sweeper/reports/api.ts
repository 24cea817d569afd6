// The report API that a sweep stores its reports in: the configured one, or the first that the cluster serves.

import { REPORT_RESOURCES, type ReportApi } from '../../outputs/cluster/objects.ts';
import type { ReportClient } from '../../kube/objects/reports.ts';

/** `sweep.reports` of the configuration. */
export type ReportsSetting = 'auto' | ReportApi | 'none';

/** The APIs in the order of preference: more tools read the first. */
export const REPORT_APIS = ['wgpolicyk8s', 'openreports'] as const;

/**
 * Chooses the API.
 *
 * @returns `none` if no report is to be stored, or if no API is served and none is configured
 * @throws if the configured API is not served, or if the API server does not answer
 */
export async function chooseReportApi(
  setting: ReportsSetting,
  reports: Pick<ReportClient, 'isServed'>,
  signal: AbortSignal,
): Promise<ReportApi | 'none'> {
  if (setting === 'none') return 'none';
  for (const api of setting === 'auto' ? REPORT_APIS : [setting]) {
    if (await reports.isServed(REPORT_RESOURCES[api], signal)) return api;
  }
  if (setting === 'auto') return 'none';
  const { apiVersion, plural } = REPORT_RESOURCES[setting];
  const fix = 'install its CustomResourceDefinition, or set sweep.reports to auto or none';
  throw new Error(`the cluster does not serve ${plural} of ${apiVersion}: ${fix}`);
}
