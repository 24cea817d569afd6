// A node agent: audits its host again and again, and stores the last audit for the sweeper.

import type { AuditToStore, StoreAudit } from '../../../evidence/node-agent/config-maps.ts';

/** What a node agent works with. */
export interface AgentDeps {
  readonly node: string;
  /** Checks the host once and returns the GuardReport as JSON. Rejects only for a bug, or if the signal aborts. */
  readonly audit: (signal: AbortSignal) => Promise<string>;
  readonly store: StoreAudit;
  /** Whether a process that the last audit found has ended since. */
  readonly hasEnded: () => boolean;
  /** The current interval in milliseconds, and the part by which it varies, 0 to 1. */
  readonly settings: () => { readonly interval: number; readonly jitter: number };
  /** Resolves after so many milliseconds, or rejects when the signal aborts. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly now: () => Date;
  readonly watcher: AgentWatcher;
}

/** Is called for what happens. */
export interface AgentWatcher {
  /** The first audit, and each one whose findings changed. */
  readonly audited: (report: string) => void;
  readonly crashed: (cause: unknown) => void;
  /** Storing began to fail, or works again. */
  readonly lost: (reason: string) => void;
  readonly back: () => void;
}

/** Milliseconds before storing is tried again, at first and at most. */
const RETRY = { first: 1000, most: 60_000 };

/** Milliseconds between two looks whether a process has ended. */
const LOOK = 5000;
/** Milliseconds from the audit that finds a process ended to those that find it started again: a static pod takes half a minute. */
const AGAIN = [10_000, 20_000, 40_000];

/**
 * Runs until the signal aborts. A process that ends is audited at once, and again when it may have been started, so that audits
 * are seldom older than a process. Audits go on without the API server, and the last one is stored once it is back.
 */
export async function runAgent(deps: AgentDeps, signal: AbortSignal): Promise<void> {
  const { node, audit, store, settings, hasEnded, pause, random, now, watcher } = deps;
  let last = '';
  let isLost = false;
  let again: readonly number[] = [];

  const storeAudit = async (report: string, next: number): Promise<void> => {
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
      if (hasEnded()) return;
      // the next audit is due: storing this one is no longer worth a try
      if (now().getTime() + delay >= next) return;
      await pause(delay * (1 + random() / 4), signal);
    }
  };

  /** Waits until a time, or until a process ends. */
  const endsBefore = async (time: number, step: number): Promise<boolean> => {
    for (let left = time - now().getTime(); left > 0; left = time - now().getTime()) {
      await pause(Math.min(step, left), signal).catch(() => undefined);
      if (isStopped(signal)) return false;
      if (hasEnded()) return true;
    }
    return false;
  };

  while (!signal.aborted) {
    const began = now().getTime();
    const { interval, jitter } = settings();
    const [soon, ...later] = again;
    again = later;
    const next = began + Math.min(soon ?? Infinity, interval * (1 + jitter * (2 * random() - 1)));
    try {
      const report = await audit(signal);
      const content = withoutRun(report);
      if (content !== last) watcher.audited(report);
      last = content;
      // unchanged findings too: a process may have restarted since
      await storeAudit(report, next);
    } catch (cause) {
      if (isStopped(signal)) return;
      watcher.crashed(cause);
    }
    // whoever starts and ends processes that look like a kubelet must not keep the agent busy
    const step = Math.max(LOOK, 10 * (now().getTime() - began));
    if (await endsBefore(next, step)) again = AGAIN;
  }
}

/** A call, so that TypeScript does not assume the value from before a wait. */
function isStopped(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** The content of an audit, without its id and time. */
function withoutRun(report: string): string {
  const { run, ...rest } = JSON.parse(report) as { readonly run: { readonly problems: unknown } };
  return JSON.stringify([run.problems, rest]);
}
