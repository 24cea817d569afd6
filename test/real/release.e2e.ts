// What a release installs, with the image by its digest, in a cluster that has the image under that name only.

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { writeManifests } from '../../scripts/release/manifests.ts';
import { Cleanup } from '../e2e/support/cleanup.ts';
import { helmPath } from '../support/manifests.ts';
import { CHECKOUT, quiet, rolledOut } from './support/installation.ts';
import { expectAsBefore, inventory } from './support/inventory.ts';
import { imageOnNode } from './support/real-cluster.ts';
import { describeInCluster } from './support/shared.ts';

jest.setTimeout(480_000);

describeInCluster('install.yaml of a release', (cluster) => {
  const cleanup = new Cleanup();
  const ctr = (...args: readonly string[]) => cluster.enter(['ctr', '--namespace', 'k8s.io', 'images', ...args]);
  let folder: string;
  let released: string;
  let before: readonly string[];

  beforeAll(async () => {
    before = await inventory(cluster);
    folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-released-'));
    cleanup.add(() => {
      rmSync(folder, { recursive: true });
    });
    const local = await imageOnNode(cluster);
    const digest = /sha256:[0-9a-f]{64}/.exec((await ctr('ls', `name==${local}`)).stdout)?.[0] ?? '';
    const repository = 'registry.example/kubelet-guard';
    released = `${repository}@${digest}`;
    expect(await ctr('tag', local, released)).toMatchObject({ code: 0 });
    cleanup.add(() => ctr('rm', released));
    const [output, scratch] = ['output', 'scratch'].map((name) => join(folder, name)) as [string, string];
    for (const each of [output, scratch]) mkdirSync(each);
    if (helmPath !== undefined) process.env.HELM = helmPath;
    const homepage = 'https://git.example/acme/kubelet-guard';
    writeManifests({
      ...{ checkout: CHECKOUT, version: '0.1.0', repository, digest, homepage, downloads: homepage, epoch: 0 },
      ...{ output, scratch },
    });
  }, 180_000);
  afterAll(() => cleanup.run(), 240_000);

  test('becomes available, with the image by its digest', async () => {
    const file = join(folder, 'output/install.yaml');
    cleanup.add(() => cluster.kubectl(['delete', '--ignore-not-found', '--filename', file], { within: 180_000 }));
    quiet(await cluster.kubectl(['apply', '--filename', file], { within: 120_000 }), 'kubectl apply');
    await rolledOut(cluster);
    const images = [
      'get',
      'pods',
      '--namespace=kubelet-guard',
      '--output=jsonpath={.items[*].spec.containers[*].image}',
    ];
    expect(new Set(quiet(await cluster.kubectl(images), 'kubectl get pods').split(' '))).toEqual(new Set([released]));
  });

  test('leaves nothing when it is deleted', async () => {
    await cleanup.run();
    await expectAsBefore(cluster, before);
  });
});
