import { cpSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { createDemo, type Demo } from '../../../../src/commands/serve/demo/demo.ts';
import { controls } from '../../../../src/controls/index.ts';
import type { StreamedReport } from '../../../../src/outputs/guard-report.ts';
import { loadConfiguration, type GuardConfiguration } from '../../../../src/runtime/configuration/configuration.ts';
import { VirtualTime } from '../../../sweeper/virtual-time.ts';

const WORKER = 'samples/cluster/worker-1/config.yaml';
const GOOD = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: { x509: { clientCAFile: /etc/kubernetes/pki/ca.crt } }
`;

let root: string;
let time: VirtualTime;
let demo: Demo;
let configuration: GuardConfiguration;
let changes: number;
let stop: AbortController;
let following: Promise<void>;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'demo-'));
  cpSync(join(import.meta.dirname, '../../../../samples'), join(root, 'samples'), { recursive: true });
  time = new VirtualTime();
  changes = 0;
  stop = new AbortController();
  demo = createDemo({ demo: true }, root);
  configuration = loadConfiguration(demo.configuration, controls);
  const run = { now: () => new Date(0), version: '1.2.3' };
  await demo.prepare({ host: '127.0.0.1', port: 8443 }, { ...run, configuration });
  following = demo.follow({
    ...run,
    configuration: () => configuration,
    changed: () => (changes += 1),
    pause: time.pause,
    signal: stop.signal,
  });
});

afterEach(async () => {
  stop.abort();
  await following;
  rmSync(root, { recursive: true });
});

function report(): StreamedReport {
  const last = demo.report();
  if ('reason' in last) throw new Error(last.reason);
  return last.report;
}

/** Lets so many seconds pass, and the reading of files end. */
async function seconds(count: number, until: () => boolean = () => true): Promise<void> {
  await time.pass(count * 1000);
  while (!until()) await new Promise(setImmediate);
}

test('a file that is changed is checked again within a second, and open pages are told', async () => {
  await seconds(3);
  expect([report().summary.fail, changes]).toStrictEqual([2, 0]);
  writeFileSync(join(root, WORKER), GOOD);
  await seconds(1, () => changes === 1);
  expect(report().summary).toMatchObject({ pass: 4, fail: 1 });
  await seconds(3);
  expect(changes).toBe(1);
});

test('a file that is new or gone is a change, and so is one of the same size', async () => {
  writeFileSync(join(root, 'samples/cluster/worker-2.yaml'), GOOD);
  await seconds(1, () => changes === 1);
  expect(report().summary).toMatchObject({ pass: 4, fail: 2 });
  rmSync(join(root, 'samples/cluster/worker-2.yaml'));
  await seconds(1, () => changes === 2);
  expect(report().summary).toMatchObject({ pass: 3, fail: 2 });
  utimesSync(join(root, WORKER), new Date(), new Date(Date.now() + 5000));
  await seconds(1, () => changes === 3);
});

test('YAML that cannot be parsed is a problem on the page, until it is corrected', async () => {
  writeFileSync(join(root, WORKER), 'kind: KubeletConfiguration\n  : [');
  await seconds(1, () => changes === 1);
  expect(report().run.complete).toBe(false);
  expect(report().run.problems).toMatchObject([
    { code: 'malformed', source: { path: expect.stringContaining('worker-1/config.yaml') } },
  ]);
  writeFileSync(join(root, WORKER), GOOD);
  await seconds(1, () => changes === 2);
  expect(report().run.complete).toBe(true);
});

test('samples that are deleted are a problem, and not a pass', async () => {
  rmSync(join(root, 'samples/cluster'), { recursive: true });
  await seconds(1, () => changes === 1);
  expect(report()).toMatchObject({ run: { complete: false }, summary: { pass: 0, fail: 0 } });
});

test('another configuration counts for the samples too', async () => {
  const path = join(root, 'guard.yaml');
  writeFileSync(
    path,
    `apiVersion: kubelet-guard.dev/v1alpha1
kind: GuardConfiguration
exemptions: [{ control: kubelet-client-ca, subject: "KubeletConfiguration/*", reason: vendor appliance, expires: 2099-01-31 }]
`,
  );
  configuration = loadConfiguration(path, controls);
  await seconds(1, () => changes === 1);
  expect(report()).toMatchObject({ summary: { exempted: 1 }, exemptions: [{ reason: 'vendor appliance' }] });
});
