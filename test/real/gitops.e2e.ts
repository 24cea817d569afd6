// docs/gitops.md: what Argo CD and Flux see of a running installation, and what they do to it, with kubectl as their field managers.

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

import { Cleanup } from '../e2e/support/cleanup.ts';
import { eventually } from '../e2e/support/wait.ts';
import { describeInCluster } from './support/shared.ts';

jest.setTimeout(480_000);

const OVERLAY = join(import.meta.dirname, '../../manifests/overlays/node-agent');
const WEBHOOK = 'validatingwebhookconfiguration/kubelet-guard';

describeInCluster('a GitOps controller', (cluster) => {
  const cleanup = new Cleanup();
  const kubectl = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await cluster.kubectl(args, { within: 200_000 });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  };
  const caBundle = () => kubectl('get', WEBHOOK, '--output=jsonpath={.webhooks[0].clientConfig.caBundle}');

  beforeAll(async () => {
    cleanup.add(async () => {
      await cluster.kubectl(['delete', '-k', OVERLAY, '--ignore-not-found', '--wait'], { within: 180_000 });
    });
    const first = mkdtempSync(join(tmpdir(), 'kubelet-guard-wave-'));
    cleanup.add(() => {
      rmSync(first, { recursive: true, force: true });
    });
    const patch = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration' };
    writeFileSync(
      join(first, 'kustomization.yaml'),
      JSON.stringify({
        resources: [relative(first, OVERLAY)],
        patches: [
          {
            target: { kind: patch.kind },
            patch: JSON.stringify({ ...patch, $patch: 'delete', metadata: { name: 'kubelet-guard' } }),
          },
        ],
      }),
    );
    await kubectl('apply', '-k', first);
  }, 240_000);
  afterAll(() => cleanup.run(), 240_000);

  test('can apply the ValidatingWebhookConfiguration in a later wave: the webhook is ready without it', async () => {
    await kubectl('--namespace=kubelet-guard', 'rollout', 'status', 'deployment', '--timeout=180s');
    await kubectl('--namespace=kubelet-guard-node', 'rollout', 'status', 'daemonset', '--timeout=180s');
    await kubectl('apply', '-k', OVERLAY);
    await eventually('the caBundle', async () => ((await caBundle()) === '' ? undefined : true), { within: 90_000 });
  });

  test('sees no difference, neither with the last applied manifests nor on the side of the server', async () => {
    const audits = ['--namespace=kubelet-guard-node', 'get', 'configmap', cluster.node, '--output=name'];
    await eventually(
      'an audit of the agent',
      async () => ((await cluster.kubectl(audits)).code === 0 ? true : undefined),
      { within: 90_000 },
    );
    expect(await kubectl('diff', '-k', OVERLAY)).toBe('');
    const server = ['--server-side', '--force-conflicts', '--field-manager=argocd-controller'];
    expect(await kubectl('diff', ...server, '-k', OVERLAY)).toBe('');
  });

  test('can take over the installation: no pod restarts, caBundle and certificate stay, no difference follows', async () => {
    const state = async () => ({
      pods: await kubectl(
        'get',
        'pods',
        '--all-namespaces',
        '--selector=app.kubernetes.io/name=kubelet-guard',
        '--output=name',
      ),
      secret: await kubectl(
        '--namespace=kubelet-guard',
        'get',
        'secret/kubelet-guard-tls',
        '--output=jsonpath={.data}',
      ),
      caBundle: await caBundle(),
    });
    const before = await state();
    expect(before.secret).toContain('tls.crt');

    const manager = ['--server-side', '--force-conflicts', '--field-manager=kustomize-controller'];
    await kubectl('apply', ...manager, '-k', OVERLAY);
    expect(await state()).toEqual(before);
    expect(await kubectl('diff', ...manager, '-k', OVERLAY)).toBe('');
    await kubectl('--namespace=kubelet-guard', 'rollout', 'status', 'deployment', '--timeout=60s');
    expect(await state()).toEqual(before);
  });
});
