import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Ajv2019, type AnySchemaObject } from 'ajv/dist/2019.js';

import { auditHost, type HostAuditDeps, type HostAuditOptions } from '../../../src/commands/node/host.ts';
import type { GuardReport } from '../../../src/outputs/guard-report.ts';
import { asOther } from '../../evidence/host/as-other.ts';
import { buildHost, layoutPath, readLayout } from './node-host.ts';
import { rendered, type Shown } from '../../support/rendered.ts';

const schema = JSON.parse(
  readFileSync(new URL('../../../schema/guard-report.schema.json', import.meta.url), 'utf8'),
) as AnySchemaObject;
const { $schema: _draft, ...rules } = schema;
const validate = new Ajv2019({ strictTypes: false }).compile(rules as AnySchemaObject);

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kubelet-guard-node-'));
  chmodSync(root, 0o755);
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

type HostRequest = HostAuditOptions & HostAuditDeps & Shown;

async function run(more: Partial<HostRequest> = {}) {
  const request: HostRequest = {
    root,
    config: undefined,
    evidence: ['proc', 'handshake'],
    output: 'text',
    failOn: 'unknown',
    now: () => new Date('2026-03-01T12:00:00Z'),
    clock: () => performance.now(),
    ...more,
  };
  return rendered(await auditHost(request, request, new AbortController().signal), request);
}

async function report(more: Partial<HostRequest> = {}): Promise<GuardReport> {
  const parsed: unknown = JSON.parse((await run({ ...more, output: 'json' })).output);
  expect([validate(parsed), validate.errors ?? []]).toStrictEqual([true, []]);
  return parsed as GuardReport;
}

describe('the audit is as recorded for the layout of', () => {
  test.each(['k3s', 'rke2', 'microk8s', 'talos', 'openshift', 'eks', 'aks', 'gke', 'kind', 'kubeadm-stopped'])(
    '%s',
    async (name) => {
      buildHost(root, readLayout(`${name}.txt`));
      const { output, errors, exitCode } = await run();
      const parts = output.split('\n\n').filter((part) => !part.startsWith('To fix '));
      const lines = [...parts.map((part) => part.trimEnd()), ...errors, `exit ${exitCode}`, ''].join('\n');
      const shown = lines.replaceAll(/since \S+Z/g, 'since T').replaceAll(root, 'ROOT');
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(layoutPath(`${name}.golden`), shown);
      expect(shown).toBe(readLayout(`${name}.golden`));
      expect((await report()).run.entrance).toBe('node');
    },
  );
});

describe('a control that is off', () => {
  const HEAD = 'apiVersion: kubelet-guard.dev/v1alpha1\nkind: GuardConfiguration\n';

  test.each(['kind', 'openshift', 'kubeadm-stopped'])('changes no finding of another control (%s)', async (name) => {
    buildHost(root, readLayout(`${name}.txt`));
    const { findings } = await report();
    const slugs = [...new Set(findings.map(({ control }) => control))];
    for (const silenced of [...slugs.map((slug) => [slug]), slugs.slice(1)]) {
      const config = join(root, 'guard.yaml');
      writeFileSync(config, `${HEAD}controls: { ${silenced.map((slug) => `${slug}: { action: off }`).join(', ')} }\n`);
      const others = findings.filter(({ control }) => !silenced.includes(control));
      expect((await report({ config })).findings).toEqual(others);
      // a sweep needs all findings to assess the connections
      expect((await report({ config, showsAll: true })).findings).toEqual(findings);
    }
  });
});

describe('a hostile host', () => {
  const CONFIG = '/var/lib/kubelet/config.yaml';
  const kubelet = `=== process 700\nexe /usr/bin/kubelet\nkubelet\n--config=${CONFIG}\n`;
  const server =
    '=== process 900\nexe /usr/bin/kube-apiserver\nkube-apiserver\n--kubelet-client-certificate=/a\n--kubelet-client-key=/b\n=== certificates\ncertificate /a\nkey /b\n';

  /** A host with something else in place of the kubelet's configuration, and a compliant kube-apiserver. */
  async function auditWith(make: (path: string) => void): Promise<readonly [string, string, number]> {
    buildHost(root, kubelet + server);
    mkdirSync(join(root, 'var/lib/kubelet'), { recursive: true });
    make(join(root, CONFIG));
    const started = performance.now();
    const before = process.memoryUsage().rss;
    const { findings } = await report();
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
    const took = performance.now() - started;
    const of = (slug: string) => findings.find(({ control }) => control === slug);
    expect(of('apiserver-kubelet-client-cert')?.result).toBe('pass');
    const found = of('kubelet-client-ca');
    return [found?.result ?? '', found?.problems[0]?.code ?? '', took];
  }

  test.each<readonly [string, string, (path: string) => void]>([
    ['a FIFO', 'unreachable', (path) => void spawnSync('mkfifo', [path])],
    [
      'a link to a device',
      'unreachable',
      (path) => {
        mkdirSync(join(root, 'dev'));
        symlinkSync('/proc/kmsg', path);
        symlinkSync('kmsg', join(root, 'proc/kmsg'));
      },
    ],
    [
      'a link to itself',
      'unreachable',
      (path) => {
        symlinkSync('config.yaml', path);
      },
    ],
    [
      'a sparse file of 10 GB',
      'too-large',
      (path) => {
        writeFileSync(path, '');
        truncateSync(path, 10_000_000_000);
      },
    ],
    [
      'a folder',
      'unreachable',
      (path) => {
        mkdirSync(path);
      },
    ],
    ['no file', 'not-found', () => undefined],
  ])('with %s as the kubelet configuration gets an unknown finding in bounded time', async (_, code, make) => {
    const [result, problem, took] = await auditWith(make);
    expect([result, problem]).toStrictEqual(['unknown', code]);
    expect(took).toBeLessThan(5000);
  });

  test.each<readonly [string, (length: number) => string]>([
    ['many keys', (length) => Array.from({ length: length / 22 }, (_, at) => `k${at}: {a: [1, 2]}\n`).join('')],
    ['brackets', (length) => `a: ${'['.repeat(length / 2)}${']'.repeat(length / 2)}\n`],
    ['lists in lists', (length) => `a:\n${' - '.repeat(length / 3)}\n`],
    ['aliases', (length) => `a: &a [x]\nb:\n${'- *a\n'.repeat(length / 6)}`],
  ])('with a kubelet configuration of the maximum size is audited in bounded time: %s', async (_, text) => {
    const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
    buildHost(root, `${kubelet}=== ${CONFIG}\n${head}${text(120_000)}`);
    const started = performance.now();
    expect((await report()).findings.map(({ control }) => control)).toContain('kubelet-client-ca');
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test('is audited for at most a minute, and the run is then incomplete', async () => {
    buildHost(root, `${kubelet}${server}=== ${CONFIG}\nx`);
    let time = 0;
    const { errors, exitCode } = await run({ clock: () => (time += 40_000) });
    expect([exitCode, errors.join()]).toStrictEqual([
      3,
      expect.stringContaining('longer than 60 s') as unknown as string,
    ]);
  });

  test('does not hide a kubelet behind others with the same name', async () => {
    const more = Array.from({ length: 20 }, (_, at) => kubelet.replace('700', String(701 + at)));
    buildHost(root, `${kubelet}${more.join('')}=== ${CONFIG}\nkind: x\n`);
    const { findings } = await report();
    const subjects = new Set(findings.map(({ subject }) => subject.container ?? ''));
    expect(subjects.size).toBe(21);
    expect([...subjects]).toContain('process 720');
  });
});

test('without root rights nothing passes, and the output advises to run as root', async () => {
  buildHost(root, readLayout('rke2.txt'));
  for (const path of ['var/lib/rancher/rke2/agent', 'proc/900/environ']) chmodSync(join(root, path), 0);
  const answer = await asOther(() => run());
  const { summary, findings } = await asOther(() => report());
  expect(answer.exitCode).toBe(3);
  expect(summary).toMatchObject({ pass: 0, fail: 0 });
  expect(findings.flatMap(({ problems }) => problems.map(({ code }) => code))).toContain('forbidden');
  expect(answer.output).toContain('run as root');
});

test('a host without processes exits with 3 and advice', async () => {
  const { errors, exitCode } = await run();
  expect(exitCode).toBe(3);
  expect(errors.at(-1)).toContain('nothing to check: read the processes in');
});

test('a configuration turns a control off', async () => {
  buildHost(root, readLayout('eks.txt'));
  const config = join(root, 'guard.yaml');
  writeFileSync(
    config,
    'apiVersion: kubelet-guard.dev/v1alpha1\nkind: GuardConfiguration\ncontrols: {kubelet-client-ca: {action: off}}\n',
  );
  const { findings } = await report({ config });
  expect(findings.map(({ control }) => control)).toStrictEqual([
    'kubelet-anonymous-auth',
    'kubelet-authorization-mode',
  ]);
});
