// Audits the hosts in the folders that standard input lists, one a line. Prints one JSON value a line for each host: the
// report, CPU seconds and bytes of memory.

import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

import { rendered } from './rendered.ts';
import { auditHost } from '../../src/commands/node/host.ts';

for await (const root of createInterface({ input: process.stdin })) {
  // memory of earlier hosts does not count
  globalThis.gc?.();
  writeFileSync('/proc/self/clear_refs', '5');
  const before = process.cpuUsage();
  const { output } = rendered(
    await auditHost(
      {
        root,
        config: undefined,
        evidence: ['proc'],
        failOn: 'unknown',
      },
      { now: () => new Date('2026-03-01T12:00:00Z'), clock: () => performance.now() },
      new AbortController().signal,
    ),
  );
  const { user, system } = process.cpuUsage(before);
  // the peak since it was reset
  const [, kibibytes = 'NaN'] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  const report = JSON.parse(output) as unknown;
  process.stdout.write(
    `${JSON.stringify({ report, seconds: (user + system) / 1e6, bytes: Number(kibibytes) * 1024 })}\n`,
  );
}
