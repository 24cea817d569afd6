import type { AuditToStore, StoreAudit } from '../../evidence/node-agent/config-maps.ts';

/** A node agent: the audit of its host, over and over, handed over to the sweeper. */
export interface AgentOptions {
  readonly node: string;
  /** Audits the host once and gives the GuardReport as JSON. Rejects only for a bug, or where the signal aborts. */
  readonly audit: (signal: AbortSignal) => Promise<string>;
  readonly store: StoreAudit;
  /** As they are at the moment: milliseconds, and the part by which they vary, 0 to 1. */
  readonly settings: () => { readonly interval: number; readonly jitter: number };
  /** Resolves after so many milliseconds, or rejects when the signal aborts. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly now: () => Date;
  readonly watcher: AgentWatcher;
}

/** Hears what happens. */
export interface AgentWatcher {
  /** An audit that says something else than the one before, or the first one. */
  readonly audited: (report: string) => void;
  readonly crashed: (cause: unknown) => void;
  /** Handing over began to fail, or works again. */
  readonly lost: (reason: string) => void;
  readonly back: () => void;
}

/** Milliseconds before handing over is tried again, at first and at most. */
const RETRY = { first: 1000, most: 60_000 };

/** Runs until the signal aborts. An API server that is gone stops no audit: what is handed over is always the last one. */
export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<void> {
  const { node, audit, store, settings, pause, random, now, watcher } = options;
  let last = '';
  let isLost = false;

  const tell = async (report: string, next: number): Promise<void> => {
    for (let delay = RETRY.first; ; delay = Math.min(delay * 2, RETRY.most)) {
      const { interval } = settings();
      const agentTime = now().toISOString();
      try {
        await store(node, { report, agentTime, interval: Math.round(interval / 1000) } satisfies AuditToStore, signal);
        if (isLost) watcher.back();
        isLost = false;
        return;
      } catch (cause) {
        signal.throwIfAborted();
        if (!isLost) watcher.lost(cause instanceof Error ? cause.message : 'no reason given');
        isLost = true;
      }
      // the next audit is more worth than a try with this one
      if (now().getTime() + delay >= next) return;
      await pause(delay * (1 + random() / 4), signal);
    }
  };

  while (!signal.aborted) {
    const began = now().getTime();
    const { interval, jitter } = settings();
    const next = began + interval * (1 + jitter * (2 * random() - 1));
    try {
      const report = await audit(signal);
      const content = withoutRun(report);
      if (content !== last) watcher.audited(report);
      last = content;
      // also what says the same: a process may have been started anew since
      await tell(report, next);
    } catch (cause) {
      if (isStopped(signal)) return;
      watcher.crashed(cause);
    }
    await pause(Math.max(0, next - now().getTime()), signal).catch(() => undefined);
  }
}

/** A call, so that it is looked at anew behind each wait. */
function isStopped(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** What an audit says, without when it was and what it is called. */
function withoutRun(report: string): string {
  const { run, ...rest } = JSON.parse(report) as { readonly run: { readonly problems: unknown } };
  return JSON.stringify([run.problems, rest]);
}
