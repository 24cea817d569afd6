import { expect, test } from '@jest/globals';

import { createMetrics } from '../../../src/runtime/metrics/metrics.ts';

test('the metrics include version, certificate and process, in their own registry', async () => {
  const metrics = createMetrics('1.2.3', []);
  metrics.certificates.expires(new Date(1_800_000_000_000));
  metrics.admission.began();
  const text = await metrics.text();
  expect(text).toContain('kubelet_guard_build_info{version="1.2.3"} 1');
  expect(text).toContain('kubelet_guard_certificate_expiry_timestamp_seconds 1800000000');
  expect(text).toContain('kubelet_guard_admission_requests_in_flight 1');
  expect(text).toContain('process_cpu_seconds_total');
  expect(await createMetrics('1.2.4', []).text()).toContain('version="1.2.4"');
});

test('a scrape includes every earlier call', async () => {
  const { admission, text } = createMetrics('1.2.3', ['pods']);
  for (let calls = 1; calls <= 130; calls += 1) {
    admission.answered({ resource: 'pods', operation: 'CREATE', dryRun: false, decision: 'allow', seconds: 0.001 });
    if (calls < 63 || (calls > 66 && calls < 127)) continue;
    const scraped = await text();
    expect(scraped).toContain(`operation="CREATE",decision="allow",dry_run="false"} ${String(calls)}\n`);
    expect(scraped).toContain(`kubelet_guard_admission_duration_seconds_count{decision="allow"} ${String(calls)}\n`);
  }
});

test('the metrics of the process are those of the scrape', async () => {
  const { text } = createMetrics('1.2.3', []);
  const valueOf = async (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(await text())?.[1]);
  const before = await valueOf('process_cpu_seconds_total');
  const used = () => process.cpuUsage().user + process.cpuUsage().system;
  while (used() / 1e6 < before + 0.05);
  expect(await valueOf('process_cpu_seconds_total')).toBeGreaterThan(before);
  expect(Math.abs((await valueOf('process_start_time_seconds')) * 1000 - performance.timeOrigin)).toBeLessThan(1000);
  for (const name of ['process_resident_memory_bytes', 'nodejs_heap_size_total_bytes', 'nodejs_heap_size_used_bytes'])
    expect(await valueOf(name)).toBeGreaterThan(1e6);
  expect(await valueOf('nodejs_eventloop_utilization')).toBeGreaterThan(0);
  expect(await text()).toContain(`nodejs_version_info{version="${process.version}"} 1`);
});

test('metrics keep no process awake', () => {
  const active = process.getActiveResourcesInfo();
  createMetrics('1.2.3', []);
  expect(process.getActiveResourcesInfo()).toEqual(active);
});
