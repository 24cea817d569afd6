import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { asset, describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { installGuard, type Guard } from './support/guard.ts';
import { run, type Result } from './support/programs.ts';
import { PATIENT } from './support/registration.ts';
import { clusterConfiguration, initConfiguration } from './support/samples.ts';

jest.setTimeout(120_000);

describeWith({ assets: ['etcd', 'kube-apiserver', 'kubeadm'] }, 'the real kubeadm under enforce', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let guard: Guard;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    guard = await installGuard(cleanup, plane, 'enforce', 'Ignore', { timeoutSeconds: PATIENT });
  }, 90_000);
  afterAll(() => cleanup.run(), 60_000);

  function uploadConfig(what: string, documents: readonly string[]): Promise<Result> {
    const config = plane.write(`${what}.yaml`, [initConfiguration, ...documents].join('---\n'));
    const phase = ['init', 'phase', 'upload-config', what];
    const files = ['--config', config, '--kubeconfig', plane.kubeconfig];
    return run([asset('kubeadm'), ...phase, ...files], { within: 90_000 });
  }

  function exists(name: string): Promise<boolean> {
    return plane.admin.get(`/api/v1/namespaces/kube-system/configmaps/${name}`).then(({ status }) => status === 200);
  }

  test('is denied, with our message in its output, if it would create control planes without the key', async () => {
    const denied = await guard.reviews({ decision: 'deny' });

    const { code, stdout, stderr } = await uploadConfig('kubeadm', [
      clusterConfiguration({ 'kubelet-client-key': '' }),
    ]);

    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain('apiserver-kubelet-client-cert');
    expect(stdout + stderr).toContain('--kubelet-client-key');
    const denials = (await guard.reviews({ decision: 'deny' })) - denied;
    expect(denials).toBeGreaterThan(1);
    expect(await exists('kubeadm-config')).toBe(false);
    // kubeadm tries again: the log has the first denial, and the others as a number each minute
    const lines = guard.program
      .log()
      .split('\n')
      .filter((line) => line.includes('"name":"kubeadm-config"'))
      .map((line) => JSON.parse(line) as { readonly msg: string });
    const first = lines.filter(({ msg }) => msg === 'a change was denied');
    expect(first).toMatchObject([{ user: expect.any(String), operation: 'CREATE', resource: 'configmaps' }]);
    expect(lines.filter((line) => !first.includes(line)).map(({ msg }) => msg)).toEqual(
      lines.slice(1).map(() => 'a change was denied again'),
    );
  });

  test('uploads both of its ConfigMaps for a plain configuration', async () => {
    const before = { allow: await guard.reviews({ decision: 'allow' }), all: await guard.reviews() };

    const { code, stdout, stderr } = await uploadConfig('all', [clusterConfiguration()]);

    expect(stdout + stderr).not.toContain('kubelet-guard');
    expect(code).toBe(0);
    expect(await exists('kubeadm-config')).toBe(true);
    expect(await exists('kubelet-config')).toBe(true);
    const allowed = (await guard.reviews({ decision: 'allow' })) - before.allow;
    expect(allowed).toBeGreaterThanOrEqual(2);
    expect((await guard.reviews()) - before.all).toBe(allowed);
  });

  test('uploads them again over the existing ones', async () => {
    for (const what of ['kubeadm', 'kubelet']) {
      expect(await uploadConfig(what, [clusterConfiguration()])).toMatchObject({ code: 0 });
    }
  });
});
