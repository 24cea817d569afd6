// Audits the host in a folder, and tells what that took: the report, seconds of the processor and bytes of memory.

import { readFileSync } from 'node:fs';

import { auditHost } from '../../src/commands/node/host.ts';

const { output } = await auditHost(
  {
    root: process.argv[2] ?? '',
    hostname: 'localhost',
    config: undefined,
    evidence: ['proc'],
    output: 'json',
    failOn: 'unknown',
    style: { color: false, quiet: false },
    now: () => new Date('2026-03-01T12:00:00Z'),
    clock: () => performance.now(),
  },
  new AbortController().signal,
);
const { user, system } = process.cpuUsage();
// What getrusage tells as the most memory begins with that of the process that started this one.
const [, kibibytes = 'NaN'] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
process.stdout.write(
  JSON.stringify({
    report: JSON.parse(output) as unknown,
    seconds: (user + system) / 1e6,
    bytes: Number(kibibytes) * 1024,
  }),
);
