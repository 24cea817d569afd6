import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane } from './support/control-plane.ts';
import { startHostileNodes, type Behaviour, type HostileNodes } from './support/hostile.ts';
import { NODE_NEEDS, startNode } from './support/node.ts';
import { giveRights } from './support/rights.ts';
import { sweepConfiguration, sweepOnce, verdict } from './support/sweeper.ts';

jest.setTimeout(60_000);

/** The timeout of each call; a sweep here calls all nodes at the same time. */
const TIMEOUT = 8_000;

const NO_HELLO = 'fail';
const UNTIL_TIMEOUT = /^timeout$/;
/** With the handshake only, and with configz only. */
const WANTED: Readonly<Record<Behaviour, readonly [RegExp | string, RegExp]>> = {
  'accepts-only': [UNTIL_TIMEOUT, UNTIL_TIMEOUT],
  'closes-at-once': [/^unreachable$/, /^(unreachable|tls)$/],
  'talks-garbage': [/^malformed$/, /^(malformed|tls)$/],
  'talks-garbage-for-ever': [/^malformed$/, /^(malformed|tls)$/],
  'never-ends-its-handshake': [/^(malformed|too-large)$/, /^(malformed|tls)$/],
  'shakes-hands-a-byte-a-second': [UNTIL_TIMEOUT, UNTIL_TIMEOUT],
  'speaks-plain-http': [/^malformed$/, /^(malformed|tls)$/],
  'sends-an-endless-body': [NO_HELLO, /^too-large$/],
  'sends-a-byte-a-second': [NO_HELLO, UNTIL_TIMEOUT],
  'sends-html': [NO_HELLO, /^malformed$/],
  'sends-another-json': [NO_HELLO, /^malformed$/],
  'answers-401': [NO_HELLO, /^unauthorized$/],
  'answers-403': [NO_HELLO, /^forbidden$/],
  'answers-404': [NO_HELLO, /^not-found$/],
  redirects: [NO_HELLO, /^redirected$/],
  'has-a-huge-certificate-chain': [/^too-large$/, /^(tls|malformed)$/],
};

describeWith(NODE_NEEDS, 'a sweep among hostile kubelets', () => {
  const cleanup = new Cleanup();
  let kubeconfig: string;
  let config: string;
  let hostile: HostileNodes;

  beforeAll(async () => {
    const plane = await startControlPlane(cleanup);
    kubeconfig = await giveRights(plane, 'kubelet-guard-sweeper');
    config = plane.write('sweep.json', sweepConfiguration({ timeout: `${TIMEOUT}ms` }));
    await startNode(cleanup, plane, 'compliant');
    hostile = await startHostileNodes(cleanup, plane);
  }, 150_000);
  afterAll(() => cleanup.run(), 60_000);

  test.each([
    ['handshake', 0, 'pass - -'],
    ['configz', 1, 'pass pass pass'],
  ] as const)('%s ends in time, names each fault, and checks the other nodes', async (evidence, column, compliant) => {
    const { report, took } = await sweepOnce({ kubeconfig, config, evidence });

    const results = Object.keys(WANTED).map((behaviour) => {
      const [word = ''] = verdict(report, hostile.nameOf(behaviour as Behaviour)).split(' ');
      return [behaviour, word];
    });
    expect(Object.fromEntries(results)).toEqual(
      Object.fromEntries(
        Object.entries(WANTED).map(([behaviour, wanted]) => [
          behaviour,
          typeof wanted[column] === 'string' ? wanted[column] : expect.stringMatching(wanted[column]),
        ]),
      ),
    );
    expect(verdict(report, 'compliant')).toBe(compliant);
    expect(report.run.complete).toBe(true);
    // all are called at the same time: those that never answer would take twice as long one after the other
    expect(took).toBeLessThan(2 * TIMEOUT);
    expect(hostile.followed()).toEqual([]);
  });
});
