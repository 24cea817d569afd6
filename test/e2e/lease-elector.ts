// A process that only takes part in the leader election, so that a test can kill it.
// Arguments: the kubeconfig and the identity. Writes a line of JSON for each change.

import { setTimeout } from 'node:timers/promises';
import { startLeaderElection } from '../../src/sweeper/leader-election.ts';
import { connectCluster } from '../../src/kube/cluster.ts';
import { leaseOf } from '../../src/kube/objects/lease.ts';

const [, , kubeconfig, identity = ''] = process.argv;
const cluster = await connectCluster({ kubeconfig });
if (cluster === undefined) throw new Error('the kubeconfig names no cluster');

const election = startLeaderElection({
  lease: leaseOf(cluster.request, { namespace: 'kubelet-guard', name: 'kubelet-guard' }),
  identity,
  clock: () => performance.now(),
  now: () => new Date(),
  pause: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }),
  random: Math.random,
  onChange: (leadership) => {
    process.stdout.write(`${JSON.stringify({ at: Date.now(), ...leadership })}\n`);
  },
});
process.once('SIGTERM', () => {
  void election.stop().then(() => process.exit(0));
});
