// Hosts on which an unprivileged user starts processes that are expensive to check. One process with the memory limit of an
// agent audits them all.

import { execFile, spawn } from 'node:child_process';
import { cpSync, linkSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';

import type { GuardReport, ReportedFinding } from '../../../src/outputs/guard-report.ts';
import { buildHost } from './node-host.ts';

const run = promisify(execFile);
/** The kernel accepts no longer argument, and no more bytes of arguments in total. */
const LONGEST_ARGUMENT = 128 * 1024;
const MOST_ARGUMENT_BYTES = 2 * 1024 * 1024;
/** CPU time, so that other programs do not matter. Each host takes half a second; an algorithm slower than linear, minutes. */
const MOST_SECONDS = 5;
/** The limit of an agent's container. */
const MOST_BYTES = 256 * 1024 * 1024;
const HEAP = '--max-old-space-size=192';

const SESSION = '/user.slice/user-1000.slice/session-3.scope';
/** A user's own systemd can run a unit with the name of a unit of the host. */
const SERVICE = '/user.slice/user-1000.slice/user@1000.service/app.slice/kubelet.service';

const HONEST = `=== process 700
exe /usr/bin/kubelet
cgroup /system.slice/kubelet.service
/usr/bin/kubelet
--hostname-override=honest
--config=/var/lib/kubelet/config.yaml
=== /var/lib/kubelet/config.yaml
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {x509: {clientCAFile: /ca.crt}}
=== certificates
ca /ca.crt
`;

function hostile(program: string, words: readonly string[]): string {
  return `=== process 4000\nexe /home/u/${program}\ncgroup ${SESSION}\n${program}\n${words.join('\n')}\n`;
}

function many(part: string, length: number): string {
  return part.repeat(Math.ceil(length / part.length)).slice(0, length);
}

function configured(text: string): string {
  return `${hostile('kubelet', ['--config=/home/u/evil'])}=== /home/u/evil\n${text}\n`;
}

/** A user can have a mount namespace with units and files of any kind. */
function unit(environment: string, settings = ''): string {
  const service = `[Service]\nEnvironmentFile=/etc/evil\n${settings}ExecStart=/usr/bin/kubelet --config=/c $A \${A}\n`;
  return `=== process 4000
exe /usr/bin/kubelet
cgroup ${SERVICE}
root /home/u/root
/usr/bin/kubelet
--config=/c
=== /home/u/root/c
kind: KubeletConfiguration
=== /home/u/root/etc/systemd/system/kubelet.service
${service}=== /home/u/root/etc/evil
${environment}
`;
}

const wordsOf = (word: string): string[] =>
  Array.from({ length: Math.floor(MOST_ARGUMENT_BYTES / (word.length + 1)) }, () => word);
const LONG_WORDS = Array.from({ length: 15 }, () => `--node-labels=a${many(' ', LONGEST_ARGUMENT - 32)}=b`);
const place = (root: string): string => {
  mkdirSync(join(root, 'home/u'), { recursive: true });
  return join(root, 'home/u/evil');
};

/** Starts the process many times, also with process ids below that of the host's kubelet: they are read in that order. */
const startManyTimes = (root: string): void => {
  for (let at = 0; at < 120; at += 1) {
    const folder = join(root, 'proc', String((at % 2 === 0 ? 100 : 5000) + at));
    const isSmall = (path: string): boolean => !/\/(?:cmdline|environ)$/.test(path);
    cpSync(join(root, 'proc/4000'), folder, { recursive: true, verbatimSymlinks: true, filter: isSmall });
    for (const name of ['cmdline', 'environ']) linkSync(join(root, 'proc/4000', name), join(folder, name));
  }
};

const HOSTS: Readonly<Record<string, readonly [string, ((root: string) => unknown)?]>> = {
  'a label of blanks': [hostile('kubelet', [`--node-labels=a${many(' ', LONGEST_ARGUMENT - 32)}a=b`])],
  'labels without end': [hostile('kubelet', [`--node-labels=${many('a=b,', LONGEST_ARGUMENT - 32)}`])],
  'a label of dashes': [hostile('kubelet', [`--node-labels=${many('a-', LONGEST_ARGUMENT - 32)}!=b`])],
  'ports of blanks': [hostile('kube-apiserver', [`--service-node-port-range=1${many(' ', LONGEST_ARGUMENT - 64)}x`])],
  'a long number': [hostile('kube-apiserver', [`--max-requests-inflight=${many('9', LONGEST_ARGUMENT - 64)}`])],
  'a long float': [hostile('kubelet', [`--kube-api-qps=${many('9', LONGEST_ARGUMENT - 64)}`])],
  'long words': [hostile('kubelet', LONG_WORDS)],
  'short words': [hostile('kubelet', wordsOf('-v'))],
  'empty words': [hostile('kube-apiserver', wordsOf(''))],
  'flags without end': [hostile('kube-apiserver', wordsOf('--v=2'))],
  'many processes with long words': [hostile('kubelet', LONG_WORDS), startManyTimes],
  'many processes with short words': [hostile('kubelet', wordsOf('-v')), startManyTimes],
  'many processes with long variables': [
    `=== process 4000\nexe /home/u/kubelite\nenv SNAP=/snap\0A=${many('a', MOST_ARGUMENT_BYTES - 64)}\nkubelite\n`,
    startManyTimes,
  ],
  'JSON in JSON with floats': [configured(`{"a":${many('{"a":1.0,"b":', 100_000)}`)],
  'closed JSON in JSON with floats': [configured('{"a":[1.0,'.repeat(9000) + '1.0' + ']}'.repeat(9000))],
  'floats without end': [configured(`{"a":[${many('1.5e3,', 100_000)}1]}`)],
  'a FIFO': [hostile('kubelet', ['--config=/home/u/evil']), (root) => run('mkfifo', [place(root)])],
  'a sparse file of 100 GB': [
    hostile('kubelet', ['--config=/home/u/evil']),
    (root) => {
      writeFileSync(place(root), '');
      truncateSync(place(root), 100_000_000_000);
    },
  ],
  '10 MB of lists': [configured(many('- ', 10_000_000))],
  '10 MB of lines': [configured(many('a: b\n', 10_000_000))],
  'a unit with a long environment file': [unit(many('A=b\n', 5_000_000))],
  'a unit with a variable of blanks': [unit(`A=${many(' a', 1_000_000)}`)],
  'a unit with quotes': [unit(`A=${many('"', 1_000_000)}`)],
  'a unit with backslashes': [unit(many('\\\n', 1_000_000))],
  'a unit that repeats its variable many times': [
    unit(`A=${many('a', 100_000)}`, `Environment=B=${many('${A}', 100_000)}\n`),
  ],
};

let root: string;
const worst = { seconds: { most: 0, by: '' }, bytes: { most: 0, by: '' } };

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kubelet-guard-hostile-'));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

afterAll(() => {
  stopAuditor();
  const { seconds, bytes } = worst;
  const mebibytes = Math.round(bytes.most / 1024 / 1024);
  process.stderr.write(
    `hostile hosts: at most ${seconds.most.toFixed(1)} s (${seconds.by}) and ${mebibytes} MiB (${bytes.by})\n`,
  );
});

test.each(Object.entries(HOSTS))(
  'a user cannot slow the audit down or hide a kubelet with %s',
  async (name, [layout, make]) => {
    buildHost(root, HONEST + layout);
    await make?.(root);
    // the most expensive hosts are measured in a new process, without the memory of earlier audits
    if (make === startManyTimes) stopAuditor();
    const { report, seconds, bytes } = await audited();
    note(worst.seconds, seconds, name);
    note(worst.bytes, bytes, name);
    const isHonest = ({ subject }: ReportedFinding): boolean =>
      subject.component === 'kubelet' && subject.node === 'honest';
    const honest = report.findings.filter(isHonest).map(({ control, result }) => `${control} ${result}`);
    const others = report.findings.filter((finding) => !isHonest(finding));
    expect(honest).toContain('kubelet-client-ca pass');
    expect(others).not.toEqual([]);
    expect(others.map(({ result }) => result)).not.toContain('pass');
    // a rule about labels does not hide the settings of what runs
    if (!name.includes('label')) expect(others.map(({ result }) => result)).not.toContain('fail');
    expect(seconds).toBeLessThan(MOST_SECONDS);
    expect(bytes).toBeLessThan(MOST_BYTES);
  },
  90_000,
);

function note(figure: { most: number; by: string }, value: number, name: string): void {
  if (value > figure.most) Object.assign(figure, { most: value, by: name });
}

const CHILD = new URL('../../support/audit-child.ts', import.meta.url).pathname;

interface Audit {
  readonly report: GuardReport;
  readonly seconds: number;
  readonly bytes: number;
}

/** A process that audits one host after the other, as an agent does. */
function startAuditor() {
  const child = spawn(process.execPath, [HEAP, '--expose-gc', CHILD], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, answers };
}

let auditor: ReturnType<typeof startAuditor> | undefined;

function stopAuditor(): void {
  auditor?.child.kill('SIGKILL');
  auditor = undefined;
}

async function audited(): Promise<Audit> {
  auditor ??= startAuditor();
  auditor.child.stdin.write(`${root}\n`);
  const answer = await auditor.answers.next();
  if (answer.done === true) {
    auditor = undefined;
    throw new Error('the process of the audit has ended');
  }
  return JSON.parse(answer.value) as Audit;
}
