// docs/hosts.md: the audit of a node without Node.js on it, with `kubectl debug` and as a Job.

import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

import type { GuardReport } from '../../src/outputs/guard-report.ts';
import { startDocSession, type DocSession } from '../support/doc-session.ts';
import { Cleanup } from '../e2e/support/cleanup.ts';
import { findProgram } from '../e2e/support/programs.ts';
import { eventually } from '../e2e/support/wait.ts';
import { describeInCluster } from './support/shared.ts';

jest.setTimeout(240_000);

const MANIFESTS = join(import.meta.dirname, '../../manifests/job');
const NAMESPACE = 'kubelet-guard-job';
const KEY = '/etc/kubernetes/pki/apiserver-kubelet-client.key';

/**
 * kubectl for the page. The audit takes a second, so `kubectl debug` can attach to it too late: then it warns and shows the log of the
 * pod, or shows nothing if the report had just been printed, as the page says. Both is chance; the report of the pod is compared.
 */
const KUBECTL = `
if [[ $1 != debug ]]; then exec "$0" "$@"; fi
kubectl=("$0" --namespace ${NAMESPACE})
"\${kubectl[@]}" wait serviceaccount/default --for=create --timeout=60s >/dev/null 2>&1
report=$("$0" "$@" 2>&1 | grep --invert-match "couldn.t attach to pod")
[[ -n $report ]] || report=$("\${kubectl[@]}" logs "$("\${kubectl[@]}" get pods --output name)")
printf "%s\\n" "$report"`;

describeInCluster('a host without Node', (cluster) => {
  const cleanup = new Cleanup();
  let session: DocSession;

  beforeAll(() => {
    session = startDocSession({
      kubeconfig: cluster.kubeconfig,
      holds: ['samples', 'manifests'],
      // by its path: the shell would find this wrapper again
      programs: { kubectl: ['bash', '-c', KUBECTL, findProgram('kubectl') ?? ''] },
      within: 180_000,
    });
  });
  afterEach(async () => {
    await cleanup.run();
    await cluster.kubectl(['--namespace', NAMESPACE, 'delete', 'job', '--all'], { within: 90_000 });
  }, 180_000);
  afterAll(async () => {
    session.end();
    await cluster.kubectl(['delete', 'namespace', NAMESPACE, '--ignore-not-found'], { within: 180_000 });
  }, 240_000);

  test('is audited with kubectl debug, as the page shows', async () => {
    await session.run('host-debug');
  });

  test('is audited by a Job that shows the exit code, as the page shows', async () => {
    await session.run('host-job');
  });

  describe('with other settings', () => {
    /** Runs the Job with other arguments; returns its log and its last condition. */
    async function audit(...args: readonly string[]): Promise<{ log: string; condition: string }> {
      const folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-job-'));
      cleanup.add(() => {
        rmSync(folder, { recursive: true, force: true });
      });
      const all = ['node', '--root=/host', ...args];
      const kustomization = {
        resources: [relative(folder, MANIFESTS)],
        patches: [
          {
            target: { kind: 'Job' },
            patch: JSON.stringify([{ op: 'replace', path: '/spec/template/spec/containers/0/args', value: all }]),
          },
        ],
      };
      writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
      const job = ['--namespace', NAMESPACE];
      const name = 'job/kubelet-guard-node';
      expect(await cluster.kubectl(['apply', '-k', folder])).toMatchObject({ code: 0, stderr: '' });
      // before its last condition, a Job has another one for a moment: FailureTarget or SuccessCriteriaMet
      const shown = 'jsonpath={range .status.conditions[*]}{.type} {.message}{"\\n"}{end}';
      const condition = await eventually(
        'the Job to end',
        async () => {
          const { stdout } = await cluster.kubectl([...job, 'get', name, '--output', shown]);
          return stdout.split('\n').find((line) => /^(?:Complete|Failed) /.test(line));
        },
        { within: 120_000 },
      );
      const { stdout: log } = await cluster.kubectl([...job, 'logs', name]);
      return { log, condition };
    }

    test('gives a report for programs, with the name of the Node, that shows the host and its files', async () => {
      await cluster.enter(['chmod', '644', KEY]);
      cleanup.add(async () => {
        await cluster.enter(['chmod', '600', KEY]);
      });
      const { log } = await audit('--output=json');
      const { findings, run } = JSON.parse(log) as GuardReport;
      expect(run).toMatchObject({ entrance: 'node', complete: true });
      expect(new Set(findings.map(({ subject }) => subject.node))).toEqual(new Set([cluster.node]));
      const codes = findings.flatMap(({ warnings = [] }) => warnings.map(({ code }) => code));
      expect(codes).toContain('key-exposed');
    });

    test('passes on a tainted node if all that was asked for passes: the Job is complete', async () => {
      const taint = 'node-role.kubernetes.io/control-plane';
      await cluster.kubectl(['taint', 'nodes', cluster.node, `${taint}:NoSchedule`]);
      cleanup.add(async () => {
        await cluster.kubectl(['taint', 'nodes', cluster.node, `${taint}-`]);
      });
      const { log, condition } = await audit('--control=kubelet-client-ca');
      expect(log).toContain(`PASS     kubelet-client-ca  kubelet on ${cluster.node}`);
      expect(condition).toBe('Complete Reached expected number of succeeded pods');
    });

    test.each([
      [2, '--control=no-such-control'],
      [3, '--node=no-such-node'],
    ])('fails with exit code %d for %s', async (code, argument) => {
      const { condition } = await audit(argument);
      expect(condition).toContain(`Failed Container node for pod`);
      expect(condition).toContain(`failed with exit code ${code} matching FailJob rule`);
    });
  });
});
