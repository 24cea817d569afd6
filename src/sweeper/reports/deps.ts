// What the stored reports need, and what they tell.

import type { ReportClient } from '../../kube/objects/reports.ts';
import type { Digest, ReportApi } from '../../outputs/cluster/objects.ts';
import type { ReportsSetting } from './api.ts';

/** The result of writing one report, as the metric counts it. */
export type ReportWrite = 'written' | 'unchanged' | 'failed' | 'removed';

/** Called when something happens to the reports. */
export interface ReportCallbacks {
  /** Reports are stored in this API from now on. */
  readonly onApiChosen: (api: ReportApi | 'none') => void;
  readonly onWrite: (result: ReportWrite) => void;
  /** Reports can no longer be read, with the reason; undefined once they can be read again. */
  readonly onReadError: (reason: string | undefined) => void;
  /** Reports that are no longer written may be left in this API, because this account may not list or delete them there. */
  readonly onLeftBehind: (api: ReportApi) => void;
  /** A stored report has this many results that kubelet-guard did not write. They do not count as previous findings. */
  readonly onUnreadable: (report: string, results: number) => void;
}

/** What the stored reports need. */
export interface StoredReportsDeps {
  readonly reports: ReportClient;
  readonly digest: Digest;
  /** Gives the configured API; called at every load. */
  readonly setting: () => ReportsSetting;
  readonly callbacks: ReportCallbacks;
}
