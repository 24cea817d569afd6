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
