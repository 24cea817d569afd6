// The ports of `serve`: the local one with the page, and the webhook's.

import { createServer } from 'node:http';
import { hostname } from 'node:os';

import type { LiveState } from '../../outputs/html/live.ts';
import { listen, type Address, type Listener } from '../../runtime/listener.ts';
import type { Log } from '../../runtime/log.ts';
import type { Metrics } from '../../runtime/metrics/metrics.ts';
import { createDecisions, type Decisions } from '../../webhook/http/decisions.ts';
import type { Background } from './background.ts';
import type { Identity } from './certificates.ts';
import type { Demo } from './demo/demo.ts';
import type { Events } from './local/events.ts';
import { pageOf, reportChunks, type LastReport } from './local/page.ts';
import { createLocal, type SweepAnswer } from './local/port.ts';
import { sharePage } from './local/shared-page.ts';
import type { StopSignals } from './signals.ts';
import type { Sweeper } from './sweeper/sweeper.ts';
import { startWebhook, type Webhook } from './webhook.ts';

/** What the ports serve. */
export interface Served {
  readonly log: Log;
  readonly demo: Demo | undefined;
  readonly addresses: { readonly webhook: Address; readonly local: Address };
  readonly metrics: Metrics;
  /** The certificates of the webhook; undefined if it does not run. */
  readonly identity: Identity | undefined;
}

/** What runs behind the ports. */
export interface Running {
  readonly background: Background;
  readonly events: Events;
  readonly signals: StopSignals;
  readonly now: () => Date;
}

/** The ports while they listen. */
export interface Ports {
  readonly local: Listener;
  readonly webhook: Webhook | undefined;
}

const NO_SWEEPER = { refused: 'no-sweeper', reason: 'this process has no sweeper' } as const;

/** Starts the local port, and then the webhook. If one cannot listen, both are closed. */
export async function startPorts(served: Served, running: Running): Promise<Ports> {
  const { log, addresses, metrics, identity } = served;
  const { background, events, signals, now } = running;
  const { changed } = events;
  const decisions = identity && createDecisions({ log, now, changed });
  let isServing = false;
  const local = createLocal({
    names: [addresses.local.host, hostname()],
    metrics,
    log,
    unready: () => {
      if (signals.received() > 0) return 'stopping';
      if (!isServing) return 'starting';
      if (identity && now() > identity.expires()) return 'the serving certificate has expired';
      return identity && background.unready();
    },
    report: () => reportChunks(lastReport(served, running)),
    page: sharePage({
      render: () => pageOf(lastReport(served, running), liveState(served, running, decisions)),
      version: events.version,
      clock: () => performance.now(),
    }),
    openEvents: events.open,
    sweep: () => sweepNow(background.sweeper, 'call'),
  });
  const listener = await listen(createServer(local), addresses.local, '--local-listen');
  signals.onSecond(listener.cut);
  const { validator, onReview } = background;
  const starting =
    identity &&
    decisions &&
    startWebhook(
      { ...validator, identity, metrics: metrics.admission, log, decisions, onReview, changed },
      addresses.webhook,
    );
  const webhook = await starting?.catch(async (cause: unknown) => {
    await listener.drain({ linger: 0, patience: 0 });
    throw cause;
  });
  signals.onSecond(() => {
    listener.cut();
    webhook?.cut();
  });
  isServing = true;
  return { local: listener, webhook };
}

function lastReport({ demo }: Served, { background }: Running): LastReport {
  return demo?.report() ?? background.sweeper?.report() ?? { reason: NO_SWEEPER.reason };
}

function liveState(
  { identity }: Served,
  { background, events, now }: Running,
  decisions: Decisions | undefined,
): Omit<LiveState, 'noReport'> {
  const sweeper = background.sweeper?.state();
  return {
    now: now().toISOString(),
    version: events.version(),
    ...(sweeper && { sweeper }),
    ...(decisions && { admission: decisions.history() }),
    ...(identity && { servingCertificate: { notAfter: identity.expires().toISOString() } }),
  };
}

/** Starts a sweep, or returns why it does not. */
export function sweepNow(sweeper: Sweeper | undefined, trigger: 'call' | 'signal'): SweepAnswer {
  return sweeper?.sweepNow(trigger) ?? NO_SWEEPER;
}
