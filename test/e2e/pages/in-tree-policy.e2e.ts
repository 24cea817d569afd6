// docs/in-tree-policy.md: the exported policy warns, denies and is removed on a real API server.

import { afterAll, beforeAll, jest, test } from '@jest/globals';

import type { DocSession } from '../../support/doc-session.ts';
import { describeWith } from '../support/assets.ts';
import { Cleanup } from '../support/cleanup.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { documentedSession } from '../support/documented.ts';
import { kubectl } from '../support/kubectl.ts';
import { eventually } from '../support/wait.ts';

jest.setTimeout(60_000);

/** A pod like that of the page. */
const BAD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'probe', namespace: 'kube-system' },
  spec: { containers: [{ name: 'main', image: 'registry.example/main:v1', command: ['kube-apiserver'] }] },
};

describeWith(
  { assets: ['etcd', 'kube-apiserver'], tools: ['kubectl', 'fold'] },
  'the page of the exported policy',
  () => {
    const cleanup = new Cleanup();
    let plane: ControlPlane;
    let session: DocSession;

    beforeAll(async () => {
      plane = await startControlPlane(cleanup);
      session = documentedSession(cleanup, plane);
    }, 90_000);
    afterAll(() => cleanup.run(), 60_000);

    /** Waits until the API server uses a written policy. */
    function badPodIs(answer: RegExp): Promise<true> {
      return eventually(
        `a bad pod to be answered ${String(answer)}`,
        async () => {
          const { stdout, stderr } = await kubectl(plane, ['create', '--dry-run=server', '-f', '-'], BAD);
          return answer.test(`${stdout}${stderr}`) ? (true as const) : undefined;
        },
        { within: 30_000 },
      );
    }

    test('shows how it warns', async () => {
      await session.run('policy-apply');
      await badPodIs(/^Warning: /m);
      await session.run('policy-warns');
    });

    test('shows how it denies', async () => {
      await session.run('policy-enforce');
      await badPodIs(/ denied request: /);
      await session.run('policy-denies');
    });

    test('shows how it is removed', async () => {
      await session.run('policy-remove');
      await badPodIs(/^pod\/probe created/);
    });
  },
);
