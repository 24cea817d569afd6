// A copy of a host, with its own /proc and the times of the host.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { auditHost } from '../../../src/commands/node/host.ts';
import type { GuardReport } from '../../../src/outputs/guard-report.ts';
import { buildHost } from './node-host.ts';
import { rendered } from '../../support/rendered.ts';

const CONFIG = '/var/lib/kubelet/config.yaml';
const DROP_INS = '/etc/kubelet.d';
const BOOT = new Date('2026-03-01T00:00:00Z');
const INSTALLED = new Date('2026-02-01T00:00:00Z');
const LATER = new Date('2026-03-02T00:00:00Z');
const HOST = `=== process 1
/sbin/init
=== process 700
exe /usr/bin/kubelet
kubelet
--config=${CONFIG}
--config-dir=${DROP_INS}
=== process 900
exe /usr/bin/kube-apiserver
kube-apiserver
--kubelet-client-certificate=/pki/client.crt
--kubelet-client-key=/pki/client.key
--kubelet-certificate-authority=/pki/ca.crt
--service-account-issuer=https://kubernetes.default.svc
=== /etc/hostname
node-1
=== ${CONFIG}
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {x509: {clientCAFile: /pki/ca.crt}}
=== ${DROP_INS}/10-a.conf
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
=== certificates
ca /pki/ca.crt
certificate /pki/client.crt
key /pki/client.key
`;

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kubelet-guard-copy-'));
  buildHost(root, HOST, BOOT.getTime() / 1000);
  execFileSync('find', [root, '-exec', 'touch', '-h', '-d', INSTALLED.toISOString(), '{}', '+']);
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

function touch(path: string, time: Date): void {
  utimesSync(join(root, path), time, time);
}

async function audit(place = root) {
  const { output, errors, exitCode } = rendered(
    await auditHost(
      {
        root: place,
        config: undefined,
        evidence: ['proc'],
        failOn: 'unknown',
      },
      { now: () => LATER, clock: () => performance.now() },
      new AbortController().signal,
    ),
  );
  const { findings } = JSON.parse(output) as GuardReport;
  const results = Object.fromEntries(findings.map(({ control, result }) => [control, result]));
  return { results, findings, errors, exitCode };
}

describe('a copy of a host', () => {
  test('is judged by the times of the content of its files, and is said to be a copy once', async () => {
    const { results, errors, exitCode } = await audit();
    expect(results).toStrictEqual({
      'kubelet-client-ca': 'pass',
      'kubelet-anonymous-auth': 'pass',
      'kubelet-authorization-mode': 'pass',
      'apiserver-kubelet-client-cert': 'pass',
      'apiserver-kubelet-ca': 'pass',
    });
    expect(errors).toStrictEqual([expect.stringContaining(`${root} is a copy of a host`)]);
    expect(exitCode).toBe(0);
  });

  test('that an archive keeps is judged in the same way', async () => {
    const unpacked = join(root, 'unpacked');
    mkdirSync(unpacked);
    execFileSync('tar', ['-C', root, '--exclude=unpacked', '-cf', '/tmp/kubelet-guard-copy.tar', '.']);
    execFileSync('tar', ['-C', unpacked, '-xf', '/tmp/kubelet-guard-copy.tar']);
    rmSync('/tmp/kubelet-guard-copy.tar');
    expect((await audit(unpacked)).exitCode).toBe(0);
  });

  test.each([CONFIG, `${DROP_INS}/10-a.conf`, DROP_INS])(
    'is unknown where the content changed after the start: %s',
    async (path) => {
      touch(path, LATER);
      const { results, exitCode } = await audit();
      expect([results['kubelet-client-ca'], exitCode]).toStrictEqual(['unknown', 3]);
      expect(results['apiserver-kubelet-client-cert']).toBe('pass');
    },
  );

  test('is no copy if a part of it is older than its processes', async () => {
    // the times of changes cannot be set, so the processes are later
    writeFileSync(join(root, 'proc/stat'), `btime ${String(Math.floor(Date.now() / 1000) + 100)}\n`);
    const { errors, exitCode } = await audit();
    expect([errors, exitCode]).toStrictEqual([[], 0]);
  });

  test.each([
    ['proc/700/stat', 'proc/700/stat does not exist'],
    ['proc/stat', 'which /proc/stat and the process'],
  ])('without %s says so', async (path, message) => {
    rmSync(join(root, path));
    const { results, findings, errors, exitCode } = await audit();
    expect([results['kubelet-client-ca'], exitCode]).toStrictEqual(['unknown', 3]);
    expect(results['apiserver-kubelet-client-cert']).toBe('pass');
    const shown = [...errors, ...findings.flatMap(({ problems }) => problems.map((problem) => problem.message))];
    expect(shown.join('\n')).toContain(message);
  });

  test('with a /proc of only one process says what is missing', async () => {
    rmSync(join(root, 'proc'), { recursive: true });
    mkdirSync(dirname(join(root, 'proc/700/cmdline')), { recursive: true });
    writeFileSync(join(root, 'proc/700/cmdline'), `kubelet\0--config=${CONFIG}\0`);
    const { errors, exitCode } = await audit();
    expect(exitCode).toBe(3);
    expect(errors.join('\n')).toContain('/proc/700/stat does not exist');
  });
});
