// docs/install.md, "Outside the cluster": a webhook beside the cluster, with a certificate from openssl, registered by its URL.

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';

import type { DocSession } from '../../support/doc-session.ts';
import { describeWith } from '../support/assets.ts';
import { Cleanup } from '../support/cleanup.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { documentedSession } from '../support/documented.ts';
import { kubectl } from '../support/kubectl.ts';
import { callLocal } from '../support/local-port.ts';
import { productCommand } from '../support/product.ts';
import { freePort, startProgram } from '../support/programs.ts';
import { kubeletConfigMap } from '../support/samples.ts';
import { eventually } from '../support/wait.ts';

jest.setTimeout(60_000);

describeWith(
  { assets: ['etcd', 'kube-apiserver'], tools: ['kubectl', 'openssl', 'jq', 'base64'] },
  'a webhook outside the cluster',
  () => {
    const cleanup = new Cleanup();
    let plane: ControlPlane;
    let session: DocSession;
    let port: number;
    let local: number;

    beforeAll(async () => {
      plane = await startControlPlane(cleanup);
      [port, local] = [await freePort(), await freePort()];
      const shown = { [`127.0.0.1:${port}`]: 'guard.example:8443', 'IP:127.0.0.1': 'DNS:guard.example' };
      session = documentedSession(cleanup, plane, { shown });
    }, 90_000);
    afterAll(() => cleanup.run(), 60_000);

    test('has a certificate of its own CA, and starts', async () => {
      await session.run('outside-certificate');
      const files = ['--tls-cert-file', 'tls.crt', '--tls-private-key-file', 'tls.key'];
      const ports = ['--listen', `127.0.0.1:${port}`, '--local-listen', `127.0.0.1:${local}`];
      const program = startProgram(cleanup, {
        name: 'guard',
        dir: session.folder,
        command: productCommand('serve', '--kubeconfig', plane.kubeconfig, ...files, ...ports),
      });
      const isReady = async () => ((await callLocal(local, '/readyz')).status === 200 ? true : undefined);
      expect(await eventually('the webhook to be ready', isReady, { context: program.tail })).toBe(true);
    });

    test('is registered by its URL, and is called', async () => {
      await session.run('outside-register');
      const write = async () => {
        const { stderr } = await kubectl(plane, ['create', '--dry-run=server', '-f', '-'], kubeletConfigMap(''));
        return stderr.includes('kubelet-client-ca') ? stderr : undefined;
      };
      expect(await eventually('the API server to call the webhook', write)).toMatch(/denied the request/);
    });
  },
);
