import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { describeWith, testWithKubectl } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { installGuard, type Guard } from './support/guard.ts';
import { kubectl } from './support/kubectl.ts';
import { PATIENT } from './support/registration.ts';
import { CA_FILE, kubeadmConfigMap, kubeletConfigMap } from './support/samples.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(60_000);

const KUBELET_CONFIG = '/api/v1/namespaces/kube-system/configmaps/kubelet-config';

describeWith({ assets: ['etcd', 'kube-apiserver'] }, 'admission of ConfigMaps', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
  }, 90_000);
  afterAll(() => cleanup.run(), 60_000);

  /** Starts and registers a webhook with one action for a group of tests. */
  function withGuard(action: 'audit' | 'enforce'): () => Guard {
    const undo = new Cleanup();
    let guard: Guard;
    beforeAll(async () => {
      guard = await installGuard(undo, plane, action, 'Ignore', { timeoutSeconds: PATIENT });
    });
    afterAll(() => undo.run(), 60_000);
    return () => guard;
  }

  /** Runs a change and counts the reviews meanwhile: those that ended with this decision, and all. */
  async function counting<T>(guard: Guard, decision: string, change: () => Promise<T>) {
    const before = { all: await guard.reviews(), same: await guard.reviews({ decision }) };
    const answer = await change();
    const decided = (await guard.reviews({ decision })) - before.same;
    return { answer, decided, reviews: (await guard.reviews()) - before.all };
  }

  describe('if both controls enforce', () => {
    const guard = withGuard('enforce');

    test('a kubelet-config without a client CA file is denied and not written', async () => {
      const { answer, decided, reviews } = await counting(guard(), 'deny', () =>
        plane.admin.create(kubeletConfigMap(undefined)),
      );

      expect(answer.status).toBe(403);
      expect(answer.message).toContain('kubelet-client-ca');
      expect(answer.message).toContain('CIS Kubernetes Benchmark 4.2.3');
      expect(answer.message).toContain('authentication.x509.clientCAFile');
      expect(answer.message).toContain(
        'Set authentication.x509.clientCAFile to /etc/kubernetes/pki/ca.crt in the key kubelet of the ConfigMap',
      );
      expect(answer.warnings).toEqual([]);
      expect({ decided, reviews }).toEqual({ decided: 1, reviews: 1 });
      expect((await plane.admin.get(KUBELET_CONFIG)).status).toBe(404);
    });

    test.each([
      ['a kubelet-config', kubeletConfigMap(CA_FILE)],
      ['a kubeadm-config', kubeadmConfigMap()],
      [
        'a kubeadm-config with a custom path',
        kubeadmConfigMap({ 'kubelet-client-key': '/etc/kubernetes/pki/own.key' }),
      ],
    ])('%s that complies is allowed without a warning', async (_name, object) => {
      const { answer, decided, reviews } = await counting(guard(), 'allow', () =>
        plane.admin.create(object, '?dryRun=All'),
      );

      expect(answer).toMatchObject({ status: 201, warnings: [] });
      expect({ decided, reviews }).toEqual({ decided: 1, reviews: 1 });
    });

    test('an update that removes the client CA file is denied, and the ConfigMap stays as it was', async () => {
      expect((await plane.admin.create(kubeletConfigMap(CA_FILE))).status).toBe(201);
      const before = await plane.admin.get(KUBELET_CONFIG);

      const { answer, decided } = await counting(guard(), 'deny', () => plane.admin.replace(kubeletConfigMap('')));

      expect(answer.status).toBe(403);
      expect(decided).toBe(1);
      expect((await plane.admin.get(KUBELET_CONFIG)).body).toEqual(before.body);
      await plane.admin.delete(kubeletConfigMap(''));
    });

    test.each([
      ['kubelet-client-certificate', '--kubelet-client-certificate'],
      ['kubelet-client-key', '--kubelet-client-key'],
      ['kubelet_client_key', '--kubelet-client-key'],
    ])('a kubeadm-config that overrides %s with an empty value is denied', async (name, flag) => {
      const { answer, decided } = await counting(guard(), 'deny', () =>
        plane.admin.create(kubeadmConfigMap({ [name]: '' })),
      );

      expect(answer.status).toBe(403);
      expect(answer.message).toContain('apiserver-kubelet-client-cert');
      expect(answer.message).toContain('CIS Kubernetes Benchmark 1.2.4');
      expect(answer.message).toContain(flag);
      expect(decided).toBe(1);
    });

    test.each([
      ['denied', kubeletConfigMap(undefined), 403, 'deny'],
      ['allowed', kubeletConfigMap(CA_FILE), 201, 'allow'],
    ])(
      'a dry run of a change that would be %s has the same answer, and nothing is written',
      async (_verdict, object, status, decision) => {
        const dryRuns = await guard().reviews({ decision, dry_run: 'true' });

        const answer = await plane.admin.create(object, '?dryRun=All');

        expect(answer.status).toBe(status);
        expect(await guard().reviews({ decision, dry_run: 'true' })).toBe(dryRuns + 1);
        expect((await plane.admin.get(KUBELET_CONFIG)).status).toBe(404);
      },
    );

    test('the decision is in the audit log of the API server', async () => {
      await plane.admin.create(kubeletConfigMap(undefined, { name: 'kubelet-config-1.24' }));

      const event = await eventually('the audit event', () =>
        plane
          .auditLog()
          .split('\n')
          .findLast((line) => line.includes('"kubelet-config-1.24"') && line.endsWith('}')),
      );

      expect(JSON.parse(event)).toMatchObject({
        annotations: { 'validate.kubelet-guard.dev/decision': 'deny' },
      });
    });

    testWithKubectl('kubectl prints the fault, its place, and the fix', async () => {
      const { answer, decided } = await counting(guard(), 'deny', () =>
        kubectl(plane, ['create', '-f', '-'], kubeletConfigMap(undefined)),
      );

      expect(answer.code).not.toBe(0);
      expect(answer.stderr).toMatch(/denied the request/);
      expect(answer.stderr).toContain('kubelet-client-ca');
      expect(answer.stderr).toContain('CIS Kubernetes Benchmark 4.2.3');
      expect(answer.stderr).toContain('ConfigMap kube-system/kubelet-config');
      expect(answer.stderr).toContain(
        'Set authentication.x509.clientCAFile to /etc/kubernetes/pki/ca.crt in the key kubelet of the ConfigMap',
      );
      expect(decided).toBe(1);
    });

    testWithKubectl('kubectl with a server-side dry run has the same result', async () => {
      const args = ['create', '--dry-run=server', '-f', '-'];

      const good = await kubectl(plane, args, kubeadmConfigMap());
      const bad = await kubectl(plane, args, kubeadmConfigMap({ 'kubelet-client-certificate': '' }));

      expect(good).toMatchObject({ code: 0, stderr: '' });
      expect(bad.code).not.toBe(0);
      expect(bad.stderr).toContain('apiserver-kubelet-client-cert');
    });
  });

  describe('if both controls only audit', () => {
    const guard = withGuard('audit');

    test('a kubelet-config without a client CA file is written, with a warning', async () => {
      const object = kubeletConfigMap(undefined);

      const { answer, decided, reviews } = await counting(guard(), 'warn', () => plane.admin.create(object));

      expect(answer.status).toBe(201);
      expect(answer.warnings).toEqual([
        'ConfigMap kube-system/kubelet-config: authentication.x509.clientCAFile is not set ' +
          '(CIS Kubernetes Benchmark 4.2.3). Allowed: the action is audit. See: kubelet-guard explain kubelet-client-ca',
      ]);
      expect({ decided, reviews }).toEqual({ decided: 1, reviews: 1 });
      expect((await plane.admin.get(KUBELET_CONFIG)).body).toMatchObject({ data: object.data });
      await plane.admin.delete(object);
    });

    test.each([
      ['a kubelet-config', kubeletConfigMap(CA_FILE)],
      ['a kubeadm-config', kubeadmConfigMap()],
    ])('%s that complies is allowed without a warning', async (_name, object) => {
      const { answer, decided } = await counting(guard(), 'allow', () => plane.admin.create(object, '?dryRun=All'));

      expect(answer).toMatchObject({ status: 201, warnings: [] });
      expect(decided).toBe(1);
    });

    testWithKubectl('kubectl prints the warning', async () => {
      const { answer, decided } = await counting(guard(), 'warn', () =>
        kubectl(plane, ['create', '-f', '-'], kubeadmConfigMap({ 'kubelet-client-key': '' })),
      );

      expect(answer.code).toBe(0);
      expect(answer.stdout).toContain('configmap/kubeadm-config created');
      expect(answer.stderr).toMatch(
        /^Warning: ConfigMap kube-system\/kubeadm-config: .*Allowed: the action is audit\. See: kubelet-guard explain apiserver-kubelet-client-cert$/m,
      );
      expect(decided).toBe(1);
      await plane.admin.delete(kubeadmConfigMap());
    });
  });
});
