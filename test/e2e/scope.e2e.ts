import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Answer } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { installGuard, type Guard } from './support/guard.ts';
import { configMap, kubeadmConfigMap, kubeletConfigMap, pod, type Pod } from './support/samples.ts';

jest.setTimeout(60_000);

describeWith({ assets: ['etcd', 'kube-apiserver'] }, 'what the API server asks about', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let guard: Guard;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    // under Fail, a match condition that fails or costs too much refuses the write; under Ignore nobody would notice
    guard = await installGuard(cleanup, plane, 'enforce', 'Fail');
  }, 90_000);
  afterAll(() => cleanup.run(), 60_000);

  test.each([
    ['another ConfigMap', configMap('coredns', { Corefile: 'kube-apiserver' })],
    ['a ConfigMap whose name begins alike', kubeletConfigMap(undefined, { name: 'kubelet-config-backup' })],
    [
      'a ConfigMap whose name ends alike',
      kubeadmConfigMap({ 'kubelet-client-key': '' }, { name: 'my-kubeadm-config' }),
    ],
    ['a ConfigMap with a name that was never used', kubeletConfigMap(undefined, { name: 'kubelet-config-1x24' })],
    ['a kubelet-config of another namespace', kubeletConfigMap(undefined, { namespace: 'default' })],
    ['a pod of an addon', pod('coredns', { args: ['-conf', '/etc/coredns/Corefile'] })],
    ['a pod with nothing but an image', pod('kube-proxy', {})],
    [
      'a pod that talks to the API server',
      pod('metrics-server', { args: ['--kubelet-preferred-address-types=InternalIP'] }),
    ],
    ['a kube-apiserver of another namespace', pod('kube-apiserver', { command: ['kube-apiserver'] }, 'default')],
  ])('%s never reaches the webhook', async (_name, object) => {
    const before = await guard.reviews();

    const written = await plane.admin.create(object);
    const deleted = await plane.admin.delete(object);

    expect(written).toMatchObject({ status: 201, warnings: [] });
    expect(deleted.status).toBe(200);
    expect(await guard.reviews()).toBe(before);
  });

  test.each([
    ['in its command', { command: ['/usr/local/bin/kube-apiserver', '--v=2'] }],
    ['in its arguments', { args: ['/go-runner', '/usr/local/bin/kube-apiserver'] }],
    ['in a shell script', { command: ['sh', '-c', 'sleep 1; exec kube-apiserver --v=2'] }],
    ['in hyperkube', { command: ['hyperkube', 'apiserver'] }],
    ['in its image', { image: 'registry.example/kube-apiserver:v1', args: ['--v=2'] }],
    ['in a variable', { command: ['$(PROGRAM)'], env: [{ name: 'PROGRAM', value: 'kube-apiserver' }] }],
    ['known by its flags alone', { args: ['--etcd-servers=http://127.0.0.1:2379', '--allow-privileged'] }],
    ['in its name', { name: 'kube-apiserver', args: ['--v=2'] }],
    [
      'behind more words than the API server would read',
      { args: [...Array<string>(300_000).fill(''), 'kube-apiserver'] },
    ],
  ])('a pod of any name with kube-apiserver %s reaches it', async (_where, container) => {
    await expectReview(pod('tools', container));
  });

  test('a pod with kube-apiserver in an init container reaches it', async () => {
    const plain = pod('tools', {});
    const initContainers = [{ name: 'first', image: 'registry.example/main:v1', args: ['kube-apiserver'] }];

    await expectReview({ ...plain, spec: { ...plain.spec, initContainers } });
  });

  test('a pod with kube-apiserver after as much text as the API server takes reaches it', async () => {
    const word = 'x'.repeat(180);
    const containers = Array.from({ length: 40 }, (_, index) => ({
      name: `c${index}`,
      image: 'registry.example/main:v1',
      command: [...Array<string>(198).fill(word), index === 39 ? 'kube-apiserver' : word],
    }));

    await expectReview({ ...pod('tools', {}), spec: { containers } });
  });

  test('a pod that is only labelled as kube-apiserver reaches it, which then can not tell', async () => {
    const plain = pod('tools', { command: ['unknown-program'] });

    const answer = await expectReview({
      ...plain,
      metadata: { ...plain.metadata, labels: { component: 'kube-apiserver' } },
    });

    expect(answer.status).toBe(201);
    expect(answer.warnings.join('\n')).toContain('apiserver-kubelet-client-cert');
  });

  test('a kube-apiserver without the flags is refused under any name and without labels', async () => {
    const denied = await guard.reviews({ decision: 'deny' });

    const answer = await plane.admin.create(pod('tools', { command: ['sh', '-c', 'exec kube-apiserver --v=2'] }));

    expect(answer.status).toBe(403);
    expect(answer.message).toContain('apiserver-kubelet-client-cert');
    expect(await guard.reviews({ decision: 'deny' })).toBe(denied + 1);
  });

  test('the deletion of what is guarded never reaches it', async () => {
    expect((await plane.admin.create(kubeletConfigMap('/etc/kubernetes/pki/ca.crt'))).status).toBe(201);
    const before = await guard.reviews();

    expect((await plane.admin.delete(kubeletConfigMap(undefined))).status).toBe(200);

    expect(await guard.reviews()).toBe(before);
  });

  /** Creates a pod as a dry run, and makes sure that the webhook was asked about it once. */
  async function expectReview(object: Pod): Promise<Answer> {
    const before = await guard.reviews({ resource: 'pods', operation: 'CREATE' });
    const answer = await plane.admin.create(object, '?dryRun=All');
    expect(await guard.reviews({ resource: 'pods', operation: 'CREATE' })).toBe(before + 1);
    return answer;
  }
});
