import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterAll, afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';

import { componentsOf, processSubjects } from '../../src/facts/host/host.ts';
import { processComponent } from '../../src/facts/host/processes.ts';
import type { Reading } from '../../src/policy/reading.ts';
import type { Kubelet } from '../../src/policy/subject.ts';
import { listProcesses, openProcess } from '../../src/evidence/host/processes.ts';
import { asset, describeWith } from '../e2e/support/assets.ts';
import { Oracle, type Answer, type Query } from '../support/oracle.ts';
import { incomparable } from '../support/verdicts.ts';
import { kubeletSetup } from './generate/kubelet-setups.ts';
import { say, scale, seed } from './support/compare.ts';
import { ample } from '../support/budget.ts';

jest.setTimeout(3_600_000);

type KubeletQuery = Extract<Query, { component: 'kubelet' }>;

const COUNT = 5000;
const BATCH = 500;
/** Stands for the oracle's temporary folder. */
const DIR = '/tmp/oracle';
/** In the year 2100, so that the files are older than the process. */
const BOOT = 4_102_444_800;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-hosts-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function put(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** Builds a host that runs the kubelet of a query. False if no such host can exist, for example because a word has a NUL. */
function build(root: string, { args, files = {} }: KubeletQuery): boolean {
  const words = ['/usr/bin/kubelet', ...args.map((arg) => arg.replaceAll('$DIR', DIR))];
  if (words.some((word) => word.includes('\0') || !word.isWellFormed())) return false;
  const proc = join(root, 'proc/700');
  put(join(root, 'proc/stat'), `btime ${BOOT}\n`);
  put(join(proc, 'cmdline'), words.map((word) => `${word}\0`).join(''));
  put(join(proc, 'stat'), '700 (kubelet) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 500 0 0');
  symlinkSync('/usr/bin/kubelet', join(proc, 'exe'));
  symlinkSync('/', join(proc, 'root'));
  symlinkSync(DIR, join(proc, 'cwd'));
  mkdirSync(join(root, DIR), { recursive: true });
  for (const [name, text] of Object.entries(files)) put(join(root, DIR, name), text.replaceAll('$DIR', DIR));
  return true;
}

/** The settings of a host's kubelet, read as the node audit reads them. */
function audited(root: string): Kubelet | undefined {
  const { processes } = listProcesses(root, { wanted: (name) => processComponent(name) !== undefined });
  const [process] = processes;
  const [started] = process ? componentsOf(process) : [];
  if (process === undefined || started === undefined) throw new Error('no kubelet was found');
  const files = openProcess(root, process);
  if ('state' in files) throw new Error(files.problem.message);
  const { startedAt, problems } = process;
  const [subject] = processSubjects(
    {
      form: 'process',
      source: { node: 'node', via: 'proc' },
      subject: { component: 'kubelet', name: 'node' },
      view: 'running',
      command: started.command,
      ...(startedAt && { startedAt }),
      files,
      problems,
    },
    ample(),
  );
  files.close();
  return subject?.component === 'kubelet' ? subject : undefined;
}

function disagreement({ clientCAFile, anonymousAuth, authorizationMode, doubts }: Kubelet, answer: Answer): string {
  const shown = (reading: Reading<unknown> | undefined): string => {
    if (reading?.state === 'unreadable') return `unread: ${reading.problem.message}`;
    return reading?.state === 'set' ? String(reading.value).replaceAll(DIR, '$DIR') : '';
  };
  const ours = [
    shown(clientCAFile),
    shown(anonymousAuth),
    shown(authorizationMode),
    ...doubts.map(({ message }) => message),
  ];
  const theirs = [answer.clientCAFile ?? '', String(answer.anonymousEnabled ?? false), answer.authorizationMode ?? ''];
  return JSON.stringify(ours) === JSON.stringify(theirs)
    ? ''
    : `${JSON.stringify(ours)} instead of ${JSON.stringify(theirs)}`;
}

/** The oracle parses modes, and the kubelet refuses them later: what runs has other settings than those on the host. */
const LATE_RULE = /would not start: (?:unknown|no) authorization mode/;

describeWith({ assets: ['oracle'] }, 'kubelets on generated hosts', () => {
  const oracle = new Oracle(asset('oracle'));
  afterAll(() => oracle.close());

  test('are read as the kubelet reads them', async () => {
    const found: string[] = [];
    const counts = { compared: 0, refused: 0, 'serve nobody': 0, 'no host': 0, 'not comparable': 0 };
    for (let at = 0; counts.compared < COUNT * scale && found.length < 10; at += 1) {
      const queries = fc.sample(kubeletSetup, { numRuns: BATCH, seed: seed + at }) as KubeletQuery[];
      const answers = await oracle.ask(queries);
      for (const [index, query] of queries.entries()) {
        const answer = answers[index] ?? { parses: false };
        // a kubelet that exits at its start does not run
        if (!answer.parses) counts.refused += 1;
        else if (incomparable(query, answer) !== undefined) counts['not comparable'] += 1;
        else {
          const root = join(folder, `${at}-${index}`);
          const isBuilt = build(root, query);
          const kubelet = isBuilt ? audited(root) : undefined;
          rmSync(root, { recursive: true, force: true });
          if (!isBuilt) counts['no host'] += 1;
          else if (kubelet === undefined) counts['serve nobody'] += 1;
          else {
            const reason = disagreement(kubelet, answer);
            if (LATE_RULE.test(reason)) counts['not comparable'] += 1;
            else counts.compared += 1;
            if (reason !== '' && !LATE_RULE.test(reason)) found.push(`${reason}\n    ${JSON.stringify(query)}`);
          }
        }
      }
    }
    say(`hosts: seed ${seed}, ${JSON.stringify(counts)}`);
    expect(found.join('\n')).toBe('');
  });
});
