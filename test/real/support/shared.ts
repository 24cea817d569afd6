// The cluster that the tests of this folder share. test/real/main.ts starts it.

import { describe } from '@jest/globals';

import { clusterAt, VARIABLE, type Place, type RealCluster } from './real-cluster.ts';

const place = process.env[VARIABLE] ?? '';

/** A group of tests in the shared cluster. They install the product, and take it away again. They are skipped if there is no cluster. */
export function describeInCluster(name: string, body: (cluster: RealCluster) => void): void {
  if (place === '') {
    const reason = 'skipped: no cluster; run it with npm run test:real';
    process.stderr.write(`SKIPPED ${name}: ${reason}\n`);
    describe.skip(`${name} (${reason})`, () => {
      body(clusterAt({ dir: '', node: '', image: '' }));
    });
    return;
  }
  describe(name, () => {
    body(clusterAt(JSON.parse(place) as Place));
  });
}
