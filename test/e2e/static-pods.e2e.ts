import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { installGuard, type Guard } from './support/guard.ts';
import { NODE_NEEDS, startNode, type ClusterNode } from './support/node.ts';
import { PATIENT } from './support/registration.ts';
import { giveRights } from './support/rights.ts';
import { CERTIFICATE_FLAG, GOOD_FLAGS, staticApiServer } from './support/samples.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(240_000);

describeWith(NODE_NEEDS, "a real kubelet's mirror pods of static kube-apiservers", () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let node: ClusterNode;
  let pki: string;
  let kubeconfig: string;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    node = await startNode(cleanup, plane, 'node-1');
    kubeconfig = await giveRights(plane);
    pki = join(plane.dir, 'pki');
    mkdirSync(pki);
  }, 150_000);
  afterAll(() => cleanup.run(), 60_000);

  function withGuard(action: 'audit' | 'ratchet' | 'enforce'): () => Guard {
    const undo = new Cleanup();
    let guard: Guard;
    beforeAll(async () => {
      // under Ignore a mirror pod is created if the answer comes too late
      guard = await installGuard(undo, plane, action, 'Ignore', { kubeconfig, timeoutSeconds: PATIENT });
    });
    afterAll(() => undo.run(), 60_000);
    return () => guard;
  }

  function addApiServer(name: string, flags: readonly string[]): void {
    node.addStaticPod(`${name}.yaml`, staticApiServer(name, flags, pki));
  }

  function mirrorOf(name: string) {
    return plane.admin.get(`/api/v1/namespaces/kube-system/pods/${name}-${node.name}`);
  }

  /** Waits until the API server shows the mirror pod. */
  function mirrorAppears(name: string) {
    const probe = async () => ((await mirrorOf(name)).status === 200 ? true : undefined);
    return eventually(`the mirror pod of ${name}`, probe, { within: 60_000, context: node.kubelet.tail });
  }

  /** Waits until the kubelet itself lists the static pod as running. */
  function podRuns(name: string) {
    const probe = async () => {
      const found = (await node.pods()).find(({ metadata }) => metadata.name === `${name}-${node.name}`);
      return found?.status.phase === 'Running' ? true : undefined;
    };
    return eventually(`${name} to run`, probe, { within: 60_000, context: node.kubelet.tail });
  }

  /** Waits until the kubelet logs that the webhook denied the mirror pod, and returns that log entry. */
  function kubeletComplains(name: string) {
    const probe = () =>
      node.kubelet
        .log()
        .split(/\n(?=[IWEF]\d{4} )/) // an entry can have many lines
        .find(
          (entry) =>
            entry.includes('Failed creating a mirror pod') &&
            entry.includes(`${name}-${node.name}`) &&
            entry.includes('admission webhook'),
        );
    return eventually(`the kubelet to log the denial of ${name}`, probe, {
      within: 60_000,
      context: node.kubelet.tail,
    });
  }

  describe('if both controls enforce', () => {
    const guard = withGuard('enforce');

    test('one without the two flags is denied: it has no mirror pod, the kubelet logs the reason, and it keeps running', async () => {
      const denied = await guard().reviews({ resource: 'pods', decision: 'deny' });
      addApiServer('without-flags', []);

      const entry = await kubeletComplains('without-flags');
      await podRuns('without-flags');

      expect(entry).toContain('apiserver-kubelet-client-cert');
      expect(entry).toContain('--kubelet-client-certificate');
      expect(entry).toContain('--kubelet-client-key');
      expect(entry).toContain('does not stop the static pod');
      expect((await mirrorOf('without-flags')).status).toBe(404);
      expect(await guard().reviews({ resource: 'pods', decision: 'deny' })).toBeGreaterThan(denied);
    });

    test('one with only the certificate is denied because of the key', async () => {
      addApiServer('without-key', [CERTIFICATE_FLAG]);

      const entry = await kubeletComplains('without-key');

      expect(entry).toContain('--kubelet-client-key is not set');
      expect(entry).not.toContain('--kubelet-client-certificate is not set');
      expect((await mirrorOf('without-key')).status).toBe(404);
    });

    test('one that complies gets its mirror pod', async () => {
      const allowed = await guard().reviews({ resource: 'pods', decision: 'allow' });
      addApiServer('compliant', GOOD_FLAGS);

      await mirrorAppears('compliant');
      await podRuns('compliant');

      // a kubelet that does not see its mirror pod yet creates it again
      expect(await guard().reviews({ resource: 'pods', decision: 'allow' })).toBeGreaterThan(allowed);
    });
  });

  describe('if both controls only audit', () => {
    const guard = withGuard('audit');

    test('one without the two flags gets its mirror pod, and the metrics count a warning', async () => {
      const warned = await guard().reviews({ resource: 'pods', decision: 'warn' });
      addApiServer('only-audited', []);

      await mirrorAppears('only-audited');

      expect(await guard().reviews({ resource: 'pods', decision: 'warn' })).toBeGreaterThan(warned);
      expect(await guard().reviews({ resource: 'pods', decision: 'deny' })).toBe(0);
    });
  });

  describe('if both controls ratchet', () => {
    // these two exist before the webhook, which never sees their CREATE
    beforeAll(async () => {
      addApiServer('was-good', GOOD_FLAGS);
      addApiServer('was-failing', ['--v=1']);
      await mirrorAppears('was-good');
      await mirrorAppears('was-failing');
    }, 150_000);
    const guard = withGuard('ratchet');

    /** Waits until the mirror pod has this flag. */
    function mirrorHas(name: string, flag: string) {
      const probe = async () => (JSON.stringify((await mirrorOf(name)).body).includes(flag) ? true : undefined);
      return eventually(`the mirror pod of ${name} with ${flag}`, probe, {
        within: 60_000,
        context: node.kubelet.tail,
      });
    }

    test('one that loses its flags in an edit is denied, although no request carries the old object', async () => {
      const denied = await guard().reviews({ resource: 'pods', decision: 'deny' });
      addApiServer('was-good', ['--v=2']);
      addApiServer('was-failing', ['--v=2']); // for the next test: the kubelet is slow

      const entry = await kubeletComplains('was-good');
      await podRuns('was-good');

      expect(entry).toContain('apiserver-kubelet-client-cert (CIS Kubernetes Benchmark 1.2.4)');
      expect(entry).toContain('--kubelet-client-certificate is not set');
      expect(entry).toContain('Denied by ratchet (before: passed)');
      expect(entry).toContain('does not stop the static pod');
      expect((await mirrorOf('was-good')).status).toBe(404);
      expect(await guard().reviews({ resource: 'pods', decision: 'deny' })).toBeGreaterThan(denied);
    });

    test('one that failed already gets its mirror pod back after an unrelated edit', async () => {
      await mirrorHas('was-failing', '--v=2');

      expect(await guard().reviews({ resource: 'pods', decision: 'warn' })).toBeGreaterThan(0);
    });

    test('a fix is allowed, for one that was denied and for one that failed already', async () => {
      for (const name of ['was-good', 'was-failing']) addApiServer(name, [...GOOD_FLAGS, '--v=3']);

      for (const name of ['was-good', 'was-failing']) await mirrorHas(name, '--v=3');
    });
  });
});
