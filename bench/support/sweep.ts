import { sweepOptions } from '../../src/commands/sweep-deps.ts';
import { controls } from '../../src/controls/index.ts';
import { createHistory } from '../../src/sweeper/reports/history.ts';
import type { SweepDeps } from '../../src/sweeper/run/deps.ts';
import { sweep } from '../../src/sweeper/run/sweep.ts';
import { readConfiguration } from '../../src/runtime/configuration/configuration.ts';
import { configzEvidence } from '../../src/evidence/configz/configz.ts';
import type { KubeletEvidence } from '../../src/evidence/evidence.ts';
import { handshakeEvidence } from '../../src/evidence/handshake/handshake.ts';
import { servingNamesBy } from '../../src/evidence/serving-names.ts';
import { listNodes } from './kubelets.ts';

/** The value in the default configuration. */
export const CONCURRENCY = 32;

const TIMEOUT = 10_000;

const readNames = servingNamesBy({});
const tokens = { token: () => Promise.resolve('token'), refused: () => false };
const configz = () => configzEvidence({ tokens, unverified: () => undefined, readNames, timeout: TIMEOUT });
const handshake = () => handshakeEvidence({ timeout: TIMEOUT, readNames });

/** The evidence of each measured sweep. */
export const ways = {
  configz: () => [configz()],
  handshake: () => [handshake()],
  both: () => [handshake(), configz()],
} satisfies Record<string, () => readonly KubeletEvidence[]>;

const always: SweepDeps['nextTurn'] = () => Promise.resolve();

/** The sweep as `serve` runs it with `reports: none`. Everything but the API server is real. */
export async function sweepOf(
  count: number,
  port: number,
  evidence: readonly KubeletEvidence[],
  nextTurn = always,
): Promise<void> {
  const history = createHistory({
    reports: {} as Parameters<typeof createHistory>[0]['reports'],
    announce: () => Promise.resolve(undefined),
    digest: (text) => text,
    setting: () => 'none',
    callbacks: {
      onApiChosen: () => undefined,
      onWrite: () => undefined,
      onReadError: () => undefined,
      onLeftBehind: () => undefined,
      onUnreadable: () => undefined,
    },
  });
  const deps: SweepDeps = {
    server: 'api:6443',
    context: undefined,
    objects: () => listNodes(0, port) as never,
    nodes: () => listNodes(count, port),
    version: () => Promise.resolve(undefined),
    clusterUid: () => Promise.resolve(undefined),
    evidence,
    askApiServers: () => Promise.resolve([]),
    history,
    callbacks: {
      onProgress: () => undefined,
      onUnanswered: () => undefined,
      onFinding: () => undefined,
      onStoreError: () => undefined,
    },
    loadAudit: () => Promise.resolve(undefined),
    nextTurn,
    now: () => new Date(),
  };
  const options = sweepOptions(readConfiguration(undefined, controls), controls, CONCURRENCY, '2026-11-23');
  const { nodes } = await sweep({ id: 'bench', entrance: 'sweep' }, options, deps, new AbortController().signal);
  if (nodes.pass !== count) throw new Error(`of ${count} nodes ${nodes.pass} passed: ${JSON.stringify(nodes)}`);
}
