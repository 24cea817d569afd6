import { createHash } from 'node:crypto';

import { expect, test } from '@jest/globals';

import { runOrigin } from '../../src/commands/run-origin.ts';
import { run } from '../sweeper/run/cluster.ts';

test('a report names the program, and the configuration by the SHA-256 of its text', () => {
  const text = 'kind: GuardConfiguration\n';
  const digest = createHash('sha256').update(text).digest('hex');
  const tool = { name: 'kubelet-guard', version: '1.2.3' };

  expect(runOrigin('1.2.3', { file: { path: 'guard.yaml', text } })).toEqual({ tool, configuration: { digest } });
  expect(runOrigin('1.2.3', { file: undefined })).toEqual({ tool });
});

test('a sweep names the cluster that it asked, as far as that can be read', async () => {
  const known = {
    context: 'prod',
    version: () => Promise.resolve('v1.37.2'),
    clusterUid: () => Promise.resolve('uid-1'),
  };

  expect((await run(known)).run.cluster).toEqual({
    ...{ server: 'api.test:6443', context: 'prod', version: 'v1.37.2', uid: 'uid-1' },
  });
  const { run: unread, problems } = await run();
  expect(unread.cluster).toEqual({ server: 'api.test:6443' });
  expect(problems).toEqual([]);
});
