import { readdirSync, readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { succeeded, type ApiClient, type KubeObject } from './api.ts';
import { served } from './discovery.ts';

const CRDS = new URL('../../fixtures/crds/', import.meta.url);

/** The report APIs, with the paths of the reports of nodes and of the control plane. */
export const REPORT_APIS = {
  wgpolicyk8s: '/apis/wgpolicyk8s.io/v1alpha2/clusterpolicyreports',
  openreports: '/apis/openreports.io/v1alpha1/clusterreports',
} as const;
export type ReportApi = keyof typeof REPORT_APIS;

/** The fields of a report that these tests read. */
export interface StoredReport extends KubeObject {
  readonly metadata: KubeObject['metadata'] & {
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly uid: string }[];
  };
  readonly summary: Readonly<Record<'pass' | 'fail' | 'error', number>>;
}

/** An Event of the core API. */
export interface KubeEvent extends KubeObject {
  readonly reason: string;
  readonly type: string;
  readonly message: string;
  readonly count: number;
  readonly involvedObject: { readonly kind: string; readonly name: string; readonly uid?: string };
  readonly source: { readonly component?: string };
}

/** Makes the API server serve both report APIs with their published schemas. */
export async function serveReportApis(admin: ApiClient): Promise<void> {
  const texts = readdirSync(CRDS).map((file) => readFileSync(new URL(file, CRDS), 'utf8'));
  for (const document of texts.flatMap((text) => parseAllDocuments(text))) {
    succeeded(await admin.create(document.toJS() as KubeObject));
  }
  for (const path of Object.values(REPORT_APIS)) await served(admin, path);
}

/** The stored reports, by name. */
export async function storedReports(admin: ApiClient, api: ReportApi): Promise<ReadonlyMap<string, StoredReport>> {
  const { items } = succeeded(await admin.get(REPORT_APIS[api])).body as { readonly items: readonly StoredReport[] };
  return new Map(items.map((item) => [item.metadata.name, item]));
}

/** kubelet-guard's Events. */
export async function eventsOf(admin: ApiClient): Promise<readonly KubeEvent[]> {
  const { items } = succeeded(await admin.get('/api/v1/events')).body as { readonly items: readonly KubeEvent[] };
  return items.filter(({ source }) => source.component === 'kubelet-guard');
}
