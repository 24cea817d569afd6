import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';

import { succeeded, type KubeObject } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { runCli } from './support/product.ts';
import { GOOD_FLAGS, KEY_FLAG, pod } from './support/samples.ts';
import { podOf } from './vap-pods.ts';
import { BAD, BAD_MIRROR, Bench, exported, GOOD, guardConfiguration, POLICIES, SLUG } from './vap-policies.ts';

jest.setTimeout(120_000);

describeWith({ assets: ['etcd', 'kube-apiserver'] }, 'the exported ValidatingAdmissionPolicy', () => {
  const cleanup = new Cleanup();
  let bench: Bench;

  beforeAll(async () => {
    bench = await Bench.start(cleanup);
  }, 120_000);
  afterAll(() => cleanup.run(), 60_000);

  /** Installs policies for a group of tests. */
  function withPolicies(configuration: string): void {
    const undo = new Cleanup();
    beforeAll(() => bench.install(undo, configuration));
    afterAll(() => undo.run());
  }

  describe('for a control that is enforced', () => {
    withPolicies('{ action: enforce }');

    test('denies a violation, and the message has the control, the place and the fix', async () => {
      const { answer, verdict } = await bench.check(podOf([{ command: ['sleep', '1'] }, BAD]));

      expect(answer.status).toBe(403);
      expect(answer.message).toContain(`${SLUG} (CIS Kubernetes Benchmark 1.2.4)`);
      expect(answer.message).toContain('container c1: --kubelet-client-certificate is missing, empty or no path');
      expect(answer.message).not.toContain('--kubelet-client-key is missing');
      expect(answer.message).toContain('Set both --kubelet-client-certificate and --kubelet-client-key');
      expect(verdict).toBe('fail');
    });

    test('allows a good pod and annotates a pass', async () => {
      const { answer, verdict } = await bench.check(podOf([GOOD, { command: ['sleep', '1'] }]));

      expect(answer).toMatchObject({ status: 201, warnings: [] });
      expect(verdict).toBe('pass');
    });

    test('annotates no result for what CEL cannot see', async () => {
      const unseen = [
        ['sh', '-c', 'exec kube-apiserver'],
        ['tini', '--', 'kube-apiserver'],
        ['$(PROGRAM)'],
        ['kube-apiserver', '--kubelet-client-key=$(KEY)'],
        ['kube-apiserver', '--audit-log-path', KEY_FLAG],
        ['kube-apiserver', '--version'],
        ['kube-apiserver', ...GOOD_FLAGS, '--openshift-config=/x'],
        ['kube-apiserver', ...GOOD_FLAGS, '--profiling=maybe'],
        ['kube-apiserver', ...GOOD_FLAGS, '--no-such-flag=x'],
        ['kubelet'],
      ];
      const answers = await Promise.all(unseen.map((command) => bench.write(podOf([{ command }]))));
      const verdicts = await bench.verdictsOf(answers.map(({ name }) => name));

      expect(answers.map(({ answer, name }) => [answer.status, verdicts.get(name)])).toEqual(
        unseen.map(() => [201, undefined]),
      );
    });

    test('ignores other namespaces', async () => {
      const answer = await bench.plane.admin.create(pod('elsewhere', BAD, 'default'), '?dryRun=All');

      expect(answer).toMatchObject({ status: 201, warnings: [] });
    });

    test.each([
      ['one server of 100 containers', 1],
      ['100 servers', 100],
    ])('can evaluate %s with 200 words each within the CEL cost limit', async (_name, servers) => {
      const words = Array.from({ length: 197 }, (_, index) => `--etcd-prefix=/registry/${index}`);
      const large = (first: readonly string[]) =>
        podOf(
          Array.from({ length: 100 }, (_, index) => {
            const flags = index === 0 ? first : GOOD_FLAGS;
            return { command: index < servers ? ['kube-apiserver', ...words, ...flags] : ['x', ...words] };
          }),
        );

      expect(await bench.check(large([KEY_FLAG]))).toMatchObject({ answer: { status: 403 }, verdict: 'fail' });
      expect(await bench.check(large(GOOD_FLAGS))).toMatchObject({ answer: { status: 201 }, verdict: 'pass' });
    });
  });

  describe('for a control that is audited', () => {
    withPolicies('{ action: audit }');

    test('allows a violation with a warning', async () => {
      const { answer, verdict } = await bench.check(podOf([BAD]));

      expect(answer.status).toBe(201);
      expect(answer.warnings.join('\n')).toContain('container c0: --kubelet-client-certificate is missing');
      expect(verdict).toBe('fail');
    });
  });

  describe('for a control that is enforced on some pods', () => {
    withPolicies(`{ action: enforce, on: { mirror-pod: audit } }
exemptions:
  - { control: ${SLUG}, subject: Pod/kube-system/exempt-*, reason: ticket 4711, expires: 2999-12-31 }
  - { control: ${SLUG}, subject: node/edge-1, reason: ticket 4711, expires: 2999-12-31 }
  - { control: ${SLUG}, subject: node/edge-2, reason: ticket 4711, expires: 2020-12-31 }`);

    test('warns about a mirror pod and denies other pods', async () => {
      const mirror = await bench.check(BAD_MIRROR, `${SLUG}.mirror-pod`);
      const other = await bench.check(podOf([BAD]), `${SLUG}.pod`);

      expect(mirror).toMatchObject({ answer: { status: 201, warnings: [expect.any(String)] }, verdict: 'fail' });
      expect(other).toMatchObject({ answer: { status: 403 }, verdict: 'fail' });
    });

    test.each([
      ['with an exempt name', 'exempt-1', undefined, 201],
      ['with another name', 'not-exempt-1', undefined, 403],
      ['on an exempt node', 'x', 'edge-1', 201],
      ['on a node with a longer name', 'x', 'edge-12', 403],
      ['on a node whose exemption has expired', 'x', 'edge-2', 403],
    ])('applies the exemptions to a pod %s', async (_how, name, nodeName, status) => {
      const bad = podOf([BAD]);
      const object = { ...bad, metadata: { ...bad.metadata, name }, spec: { ...bad.spec, nodeName } };

      expect((await bench.plane.admin.create(object, '?dryRun=All')).status).toBe(status);
    });
  });

  test('allows labels, status and deletion of pods that existed before', async () => {
    const path = '/api/v1/namespaces/kube-system/pods/there-before';
    const bad = podOf([BAD]);
    succeeded(await bench.plane.admin.create({ ...bad, metadata: { ...bad.metadata, name: 'there-before' } }));
    const undo = new Cleanup();
    try {
      await bench.install(undo, '{ action: enforce }');
      const found = (await bench.plane.admin.get(path)).body as KubeObject & { readonly status: object };
      const labelled = { ...found, metadata: { ...found.metadata, labels: { a: 'b' } } };
      const updated = await bench.plane.admin.send('PUT', path, labelled);
      const status = { ...(updated.body as typeof found), status: { ...found.status, phase: 'Running' } };

      expect(updated.status).toBe(200);
      expect((await bench.plane.admin.send('PUT', `${path}/status`, status)).status).toBe(200);
      expect((await bench.plane.admin.delete(found)).status).toBe(200);
    } finally {
      await undo.run();
    }
  });
});

describeWith(
  { assets: ['etcd', 'kube-apiserver'], since: 37 },
  'the exported policy as a file of the API server',
  () => {
    const cleanup = new Cleanup();
    let plane: ControlPlane;

    beforeAll(async () => {
      const folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-vap-'));
      cleanup.add(() => {
        rmSync(folder, { recursive: true });
      });
      const write = (name: string, content: string) => {
        writeFileSync(join(folder, name), content);
        return join(folder, name);
      };
      const config = write('guard.yaml', guardConfiguration('{ action: enforce }'));
      mkdirSync(join(folder, 'policies'));
      write('policies/kubelet-guard.yaml', (await runCli(['export', 'vap', '--static', '--config', config])).stdout);
      const admission = {
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: 'AdmissionConfiguration',
        plugins: [
          {
            name: 'ValidatingAdmissionPolicy',
            configuration: {
              apiVersion: 'apiserver.config.k8s.io/v1',
              kind: 'ValidatingAdmissionPolicyConfiguration',
              staticManifestsDir: join(folder, 'policies'),
            },
          },
        ],
      };
      const file = write('admission.yaml', JSON.stringify(admission));
      plane = await startControlPlane(cleanup, { flags: [`--admission-control-config-file=${file}`] });
    }, 120_000);
    afterAll(() => cleanup.run(), 60_000);

    test('works from the start, and cannot be deleted like an object', async () => {
      const denied = await plane.admin.create(pod('bad', BAD), '?dryRun=All');

      expect(denied.status).toBe(403);
      expect(denied.message).toContain(`${SLUG}.kubelet-guard.dev.static.k8s.io`);
      expect((await plane.admin.create(pod('good', GOOD), '?dryRun=All')).status).toBe(201);
      expect((await plane.admin.get(POLICIES)).body).toMatchObject({ items: [] });
    });

    test('cannot be written as an object', async () => {
      const [policy] = await exported(plane, '{ action: enforce }', '--static');

      expect((await plane.admin.send('POST', POLICIES, policy)).status).toBe(422);
    });
  },
);
