import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { asset, describeWith, testWithKubectl } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { succeeded, type KubeObject } from './support/api.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { installGuard, type Guard } from './support/guard.ts';
import { kubectl } from './support/kubectl.ts';
import { run, type Result } from './support/programs.ts';
import { PATIENT } from './support/registration.ts';
import { giveRights } from './support/rights.ts';
import {
  CA_FILE,
  clusterConfiguration,
  configMap,
  initConfiguration,
  kubeadmConfigMap,
  kubeletConfigMap,
  type ConfigMap,
} from './support/samples.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(150_000);

const CONFIG_MAPS = '/api/v1/namespaces/kube-system/configmaps';

describeWith({ assets: ['etcd', 'kube-apiserver', 'kubeadm'] }, 'ConfigMaps under ratchet', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let kubeconfig: string;
  let guard: Guard;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    kubeconfig = await giveRights(plane);
    // these exist before the webhook
    await plane.admin.create(kubeletConfigMap(undefined, { name: 'kubelet-config-1.23' }));
    await plane.admin.create(kubeletConfigMap(undefined, { name: 'kubelet-config-1.24' }));
    guard = await installGuard(cleanup, plane, 'ratchet', 'Fail', { kubeconfig, timeoutSeconds: PATIENT });
  }, 90_000);
  afterAll(() => cleanup.run(), 60_000);

  async function dataOf(name: string): Promise<unknown> {
    return ((await plane.admin.get(`${CONFIG_MAPS}/${name}`)).body as { data?: unknown }).data;
  }

  /** The ConfigMap with another value of an unrelated setting. */
  function edited(object: ConfigMap): ConfigMap {
    return { ...object, data: { kubelet: `${object.data.kubelet ?? ''}maxPods: 42\n` } };
  }

  describeEvent();

  /** kubernetes/kubeadm#3049: after an upgrade the ConfigMap had lost the settings that its cluster needs. */
  function describeEvent(): void {
    const good = kubeletConfigMap(CA_FILE);
    const emptied = { kubelet: 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n' };

    beforeEach(async () => {
      await plane.admin.delete(good);
      await plane.admin.create(good);
    });

    test('a kubelet-config that would lose its settings is denied, and stays as it was', async () => {
      const answer = await plane.admin.replace({ ...good, data: emptied } as ConfigMap);

      expect(answer.status).toBe(403);
      expect(answer.message).toContain('kubelet-client-ca');
      expect(await dataOf('kubelet-config')).toEqual(good.data);
    });

    testWithKubectl('kubectl prints the reason of a denial, and what to do', async () => {
      const { code, stderr } = await kubectl(plane, ['replace', '-f', '-'], { ...good, data: emptied });

      expect(code).not.toBe(0);
      expect(stderr).toContain('admission webhook "validate.kubelet-guard.dev" denied the request');
      expect(stderr).toContain('kubelet-client-ca (CIS Kubernetes Benchmark 4.2.3)');
      expect(stderr).toContain('in ConfigMap kube-system/kubelet-config');
      expect(stderr).toContain('authentication.x509.clientCAFile is not set');
      expect(stderr).toContain('Denied by ratchet (before: passed). To fix it: Set authentication.x509.clientCAFile');
      expect(stderr).toContain('kubectl edit configmap kubelet-config -n kube-system');
      expect(stderr).toContain('control kubelet-client-ca, subject configmap/kube-system/kubelet-config.');
      expect(await dataOf('kubelet-config')).toEqual(good.data);
    });

    test('an unrelated edit is allowed', async () => {
      expect(await plane.admin.replace(edited(good))).toMatchObject({ status: 200, warnings: [] });
    });
  }

  test('a failing ConfigMap can be edited, with a warning, and fixed, but not broken again', async () => {
    const place = { name: 'kubelet-config-1.23' };

    const unrelated = await plane.admin.replace(edited(kubeletConfigMap(undefined, place)));
    const repair = await plane.admin.replace(kubeletConfigMap(CA_FILE, place));
    const relapse = await plane.admin.replace(kubeletConfigMap(undefined, place));

    expect(unrelated.status).toBe(200);
    expect(unrelated.warnings.join('\n')).toContain(
      'Allowed by ratchet: not worse than before. See: kubelet-guard explain',
    );
    expect(repair).toMatchObject({ status: 200, warnings: [] });
    expect(relapse.status).toBe(403);
    expect(await dataOf(place.name)).toEqual(kubeletConfigMap(CA_FILE, place).data);
  });

  test('an unreadable ConfigMap does not make a bad change allowed', async () => {
    const place = { name: 'kubelet-config-1.24' };

    const unreadable = await plane.admin.replace(configMap(place.name, { kubelet: '{' }));
    const failing = await plane.admin.replace(kubeletConfigMap('', place));

    // because of `onUnknown: audit`
    expect(unreadable.status).toBe(200);
    expect(unreadable.warnings.join('\n')).toMatch(/unknown: .*Allowed by ratchet: not worse than before\./);
    expect(failing.status).toBe(403);
  });

  test('the webhook can read the pods of kube-system and two ConfigMaps, and nothing else', async () => {
    const can = async (verb: string, resource: string, namespace: string, name = '') => {
      const resourceAttributes = { verb, resource, namespace, name };
      const user = 'system:serviceaccount:kubelet-guard:kubelet-guard';
      const spec = { user, groups: ['system:serviceaccounts', 'system:authenticated'], resourceAttributes };
      const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
      const { body } = await plane.admin.send('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', review);
      return (body as { status: { allowed: boolean } }).status.allowed;
    };

    for (const verb of ['list', 'watch']) {
      expect(await can(verb, 'pods', 'kube-system')).toBe(true);
      expect(await can(verb, 'pods', 'default')).toBe(false);
      for (const name of ['kubeadm-config', 'kubelet-config']) {
        expect(await can(verb, 'configmaps', 'kube-system', name)).toBe(true);
      }
      for (const other of ['secrets', 'configmaps', 'nodes']) expect(await can(verb, other, 'kube-system')).toBe(false);
    }
    for (const verb of ['get', 'create', 'update', 'patch', 'delete']) {
      expect(await can(verb, 'pods', 'kube-system')).toBe(false);
      expect(await can(verb, 'configmaps', 'kube-system', 'kubeadm-config')).toBe(false);
    }
    await eventually(
      'the mirror pods to be watched',
      () => (guard.program.log().includes('mirror pods are watched') ? true : undefined),
      { context: guard.program.tail },
    );
    expect(guard.program.log()).not.toContain('cannot be watched');
  });

  /** What `kubeadm upgrade` and `kubeadm init` do with the ConfigMaps. */
  function uploadConfig(what: string, documents: readonly string[]): Promise<Result> {
    const config = plane.write(`${what}.yaml`, [initConfiguration, ...documents].join('---\n'));
    const phase = ['init', 'phase', 'upload-config', what];
    return run([asset('kubeadm'), ...phase, '--config', config, '--kubeconfig', plane.kubeconfig], { within: 60_000 });
  }

  test('the real kubeadm uploads a good configuration twice, and prints the denial of a worse one', async () => {
    for (const documents of [[clusterConfiguration()], [clusterConfiguration({ v: '4' })]]) {
      expect(await uploadConfig('all', documents)).toMatchObject({ code: 0 });
    }
    const before = await dataOf('kubeadm-config');

    const worse = await uploadConfig('kubeadm', [clusterConfiguration({ v: '4', 'kubelet-client-key': '' })]);

    expect(worse.code).not.toBe(0);
    expect(worse.stderr).toContain('apiserver-kubelet-client-cert (CIS Kubernetes Benchmark 1.2.4)');
    expect(worse.stderr).toContain('--kubelet-client-key is set to an empty value');
    expect(await dataOf('kubeadm-config')).toEqual(before);
  });

  // kubeadm always tries CREATE before UPDATE. A CREATE does not carry the old object, so it comes from the watch.
  test('the real kubeadm uploads a configuration that already fails, and a worse one is denied', async () => {
    const failing = kubeadmConfigMap({ 'kubelet-client-key': '' });
    await plane.admin.delete(failing);
    const registration = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/kubelet-guard';
    const { metadata, ...rest } = succeeded(await plane.admin.get(registration)).body as KubeObject;
    await plane.admin.send('DELETE', registration);
    await eventually('the webhook to be gone', async () => succeeded(await plane.admin.create(failing)));
    await plane.admin.create({ ...rest, metadata: { name: metadata.name } });
    await eventually('the webhook to be back', async () => {
      const unseen = kubeletConfigMap(undefined, { name: 'kubelet-config-1.77' });
      const { status } = await plane.admin.create(unseen, '?dryRun=All');
      return status === 403 ? true : undefined;
    });

    const edited = await plane.admin.replace(kubeadmConfigMap({ v: '4', 'kubelet-client-key': '' }));
    const asBad = await uploadConfig('kubeadm', [clusterConfiguration({ v: '5', 'kubelet-client-key': '' })]);
    const worse = await uploadConfig('kubeadm', [
      clusterConfiguration({ 'kubelet-client-certificate': '', 'kubelet-client-key': '' }),
    ]);

    expect(edited.status).toBe(200);
    expect(asBad).toMatchObject({ code: 0 });
    expect(worse.code).not.toBe(0);
    expect(worse.stderr).toContain('--kubelet-client-certificate is set to an empty value');
  });
});
