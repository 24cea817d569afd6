// The Job and the container of `kubectl debug` in manifests/job: what they can do on a host.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';

import { CHECKOUT } from '../support/dockerfile.ts';

interface Container {
  readonly image: string;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly volumeMounts: unknown;
}

interface Workload {
  readonly kind: string;
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly [Container];
        readonly volumes: unknown;
        readonly tolerations: unknown;
        readonly hostPID: boolean;
        readonly securityContext: Readonly<Record<string, unknown>>;
      };
    };
  };
}

const read = (path: string) => readFileSync(join(CHECKOUT, 'manifests', path), 'utf8');
const pod = (path: string) => {
  const found = parseAllDocuments(read(path)).map((each) => each.toJS() as Workload);
  const { template } = found.find(({ kind }) => kind === 'Job' || kind === 'DaemonSet')?.spec ?? {};
  if (template === undefined) throw new Error(`${path} has no workload`);
  return template.spec;
};

const job = pod('job/job.yaml');
const agent = pod('components/node-agent/daemonset.yaml');

test('the Job runs as the node agent does: the same user, capabilities, image, and view of the host', () => {
  for (const key of ['securityContext', 'volumes', 'tolerations', 'hostPID'] as const)
    expect(job[key]).toEqual(agent[key]);
  const [ours] = job.containers;
  const [theirs] = agent.containers;
  for (const key of ['image', 'securityContext', 'volumeMounts'] as const) expect(ours[key]).toEqual(theirs[key]);
});

test('the container of `kubectl debug` has the same user and capabilities', () => {
  const { securityContext } = parse(read('job/debug.yaml')) as Container;
  expect(securityContext).toEqual({ ...job.securityContext, ...job.containers[0].securityContext });
});
