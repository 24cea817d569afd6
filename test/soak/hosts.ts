// Hosts on which unprivileged users start programs that look like a kubelet, and reports from hostile nodes. They must
// not change the findings of other processes or nodes, and must not take long.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';

import { auditHost } from '../../src/commands/node/host.ts';
import { controls } from '../../src/controls/index.ts';
import type { GuardReport } from '../../src/outputs/guard-report.ts';
import { readAudit } from '../../src/evidence/node-agent/stored-audit.ts';
import { buildHost, readLayout } from '../commands/node/node-host.ts';
import { configurationText } from '../differential/generate/kubelet-setups.ts';
import type { Bounds } from './reviews.ts';
import { hostileLayout } from './support/hostile-processes.ts';
import { mutateText } from './support/mutate-text.ts';
import { Random } from './support/random.ts';
import { rendered } from '../support/rendered.ts';

const LAYOUTS = ['kind.txt', 'kubeadm-stopped.txt', 'k3s.txt', 'rke2.txt', 'openshift.txt', 'microk8s.txt'];
/** Limits in milliseconds, for a busy machine. */
const SLOW_HOST = 5000;
const SLOW_REPORT = 1000;
const NOW = new Date('2026-11-27T12:00:00Z');

/** The counts of a run, and its first faults. */
interface Tally {
  done: number;
  slowest: number;
  readonly faults: string[];
}

/** Audits hosts with hostile users on them. */
export async function soakHosts(bounds: Bounds, say: (line: string) => void): Promise<boolean> {
  const random = new Random(bounds.seed);
  const configurations = fc.sample(configurationText, { numRuns: 300, seed: bounds.seed });
  const honest = new Map<string, readonly string[]>();
  for (const name of LAYOUTS) honest.set(name, verdicts(await audit(readLayout(name))));
  return repeat('hosts', bounds, say, async (tally) => {
    const name = random.pick(LAYOUTS);
    const hostile = hostileLayout(random, configurations);
    const began = performance.now();
    const now = new Set(verdicts(await audit(readLayout(name) + hostile)));
    tally.slowest = Math.max(tally.slowest, performance.now() - began);
    if (performance.now() - began > SLOW_HOST) tally.faults.push(`slow: ${name}\n${hostile.slice(0, 2000)}`);
    const lost = (honest.get(name) ?? []).filter((verdict) => !now.has(verdict));
    if (lost.length > 0) tally.faults.push(`lost ${lost.join(', ')} of ${name}\n${hostile.slice(0, 2000)}`);
  });
}

/** Loads reports that a hostile node wrote. */
export async function soakAudits(bounds: Bounds, say: (line: string) => void): Promise<boolean> {
  const random = new Random(bounds.seed);
  const reports: string[] = [];
  for (const name of LAYOUTS) reports.push((await audit(readLayout(name))).output);
  const node = (JSON.parse(reports[0] ?? '') as GuardReport).findings[0]?.subject.node ?? '';
  const known = { name: node, uid: 'uid', createdAt: '2026-11-01T00:00:00Z' };
  const reader = { node: known, controls, now: NOW.toISOString() };
  const nodes = new Set<string>();
  return repeat('audits', bounds, say, (tally) => {
    let report = random.pick(reports);
    for (let left = random.below(4); left > 0; left -= 1) report = mutateText(random, report, reports);
    const mark = (text: string): string =>
      random.oneIn(4) ? mutateText(random, text, ['9999-99-99', '', '-1']) : text;
    const [storedAt, agentTime, interval] = [NOW.toISOString(), NOW.toISOString(), '600'].map(mark);
    const metadata = { storedAt, agentTime, interval, nodeUid: random.oneIn(8) ? 'other' : 'uid' };
    const began = performance.now();
    const loaded = readAudit(report, metadata, reader);
    tally.slowest = Math.max(tally.slowest, performance.now() - began);
    if (performance.now() - began > SLOW_REPORT) tally.faults.push(`slow: ${report.slice(0, 2000)}`);
    if ('code' in loaded) return Promise.resolve();
    for (const { subject } of loaded.findings) if (subject.node !== undefined) nodes.add(subject.node);
    if (nodes.size > 1 || (nodes.size === 1 && !nodes.has(node)))
      tally.faults.push(`has findings of ${[...nodes].join()}: ${report}`);
    return Promise.resolve();
  });
}

async function repeat(
  what: string,
  bounds: Bounds,
  say: (line: string) => void,
  once: (tally: Tally) => Promise<void>,
): Promise<boolean> {
  const tally: Tally = { done: 0, slowest: 0, faults: [] };
  const began = performance.now();
  let printedAt = began;
  const printProgress = (): void => {
    const seconds = Math.round((performance.now() - began) / 1000);
    say(
      `${what}: ${tally.done} done in ${seconds} s, slowest ${Math.round(tally.slowest)} ms, ${tally.faults.length} faults`,
    );
  };
  while (tally.done < bounds.count && performance.now() - began < bounds.milliseconds && tally.faults.length < 20) {
    await once(tally).catch((cause: unknown) => tally.faults.push(`thrown: ${String(cause)}`));
    tally.done += 1;
    if (performance.now() - printedAt < 30_000) continue;
    printedAt = performance.now();
    printProgress();
  }
  printProgress();
  for (const fault of tally.faults.slice(0, 5)) say(fault);
  return tally.faults.length === 0;
}

async function audit(layout: string) {
  const root = mkdtempSync(join(tmpdir(), 'kubelet-guard-soak-host-'));
  try {
    buildHost(root, layout);
    const request = {
      root,
      config: undefined,
      evidence: ['proc'],
      failOn: 'fail',
    } as const;
    const deps = { now: () => NOW, clock: () => performance.now() };
    return rendered(await auditHost(request, deps, new AbortController().signal));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** The findings of each component, without the names that change if there are several. */
function verdicts({ output }: { readonly output: string }): readonly string[] {
  return (JSON.parse(output) as GuardReport).findings.map(({ control, subject, result, evidence }) =>
    JSON.stringify([control, subject.component, result, evidence]),
  );
}
