// The process of `node-agent`: its cluster, its host and its log.

import type { Writable } from 'node:stream';
import { renderJson } from '../../../outputs/formats/json.ts';
import { setTimeout } from 'node:timers/promises';

import { controls } from '../../../controls/index.ts';
import { runAgent, type AgentWatcher } from './agent.ts';
import type { GuardReport } from '../../../outputs/guard-report.ts';
import { summarise } from '../../../outputs/report.ts';
import { defaultsOf, NODE_EVIDENCE } from '../../../evidence/index.ts';
import { cutToFit } from '../../../evidence/node-agent/audit-size.ts';
import { loadConfiguration } from '../../../runtime/configuration/configuration.ts';
import { resolveSweep } from '../../../runtime/configuration/sweep.ts';
import { createLog, type Log } from '../../../runtime/log.ts';
import { StartError } from '../../../runtime/start-error.ts';
import type { ClusterAccess } from '../../../kube/cluster.ts';
import { AGENT_NAMESPACE, storeAuditIn } from '../../../evidence/node-agent/config-maps.ts';
import { HostMemory } from '../memory.ts';
import { findCluster } from '../../kubeconfig.ts';
import { auditHost, type HostAuditOptions } from '../host.ts';

/** Which host a node agent checks, and where it stores the findings. */
export interface NodeAgentOptions {
  /** Where the root of the host is. */
  readonly root: string;
  readonly node: string;
  readonly config: string | undefined;
  readonly access: ClusterAccess;
}

/** Checks the host again and again and stores the findings, until the signal aborts. */
export async function serveAgent(options: NodeAgentOptions, stdout: Writable, signal: AbortSignal): Promise<void> {
  const { root, node, config, access } = options;
  const log = createLog('info', stdout);
  const cluster = await findCluster(access);
  if (cluster === undefined) throw new StartError('usage', 'no cluster was found: pass --kubeconfig');
  for (const note of cluster.notes) log.warn(`the kubeconfig: ${note}`);
  // each audit reads the configuration again, but for these two
  const { interval, jitter } = resolveSweep(loadConfiguration(config, controls).settings.sweep?.value);
  const memory = new HostMemory();
  const audit: HostAuditOptions = {
    root,
    node,
    memory,
    config,
    showsAll: true,
    evidence: defaultsOf(NODE_EVIDENCE),
    failOn: 'fail',
  };
  const { version } = access;
  const deps = { ...(version !== undefined && { version }), now: () => new Date(), clock: () => performance.now() };
  log.info({ node, root }, 'auditing');
  await runAgent(
    {
      node,
      audit: async () => {
        // the sweeper has its own exemptions
        const { exemptions: _exemptions, ...report } = (await auditHost(audit, deps, signal)).report;
        return cutToFit(renderJson(report));
      },
      store: storeAuditIn(cluster.request, cluster.namespace ?? AGENT_NAMESPACE),
      hasEnded: () => memory.hasEnded(),
      settings: () => ({ interval, jitter }),
      pause: (milliseconds, until) => setTimeout(milliseconds, undefined, { signal: until }),
      random: Math.random,
      now: deps.now,
      watcher: agentLog(log, reportedBy(config)),
    },
    signal,
  );
  log.info('stopped');
}

/** Whether a control is shown, by the current configuration. */
function reportedBy(config: string | undefined): () => (slug: string) => boolean {
  return () => {
    const { isReported } = loadConfiguration(config, controls);
    const reported = new Set(controls.filter((control) => isReported(control, 'process')).map(({ slug }) => slug));
    return (slug) => reported.has(slug);
  };
}

function agentLog(log: Log, reported: () => (slug: string) => boolean): AgentWatcher {
  let known = new Set<string>();
  return {
    audited: (report) => {
      const { findings: all, run } = JSON.parse(report) as GuardReport;
      const isReported = reported();
      const findings = all.filter(({ control }) => isReported(control));
      for (const { code, message } of run.problems) log.warn({ run: run.id, code }, message);
      const seen = new Set<string>();
      for (const { control, result, subject, violations, problems, drift } of findings) {
        const facts = { control, result, subject, violations, problems, ...(drift && { drift }) };
        const text = JSON.stringify(facts);
        seen.add(text);
        if (!known.has(text)) log[result === 'pass' ? 'info' : 'warn']({ run: run.id, ...facts }, 'finding');
      }
      known = seen;
      log.info({ run: run.id, summary: summarise(findings) }, 'findings changed since the last audit');
    },
    crashed: (cause) => {
      log.error({ err: cause }, 'an audit failed');
    },
    lost: (reason) => {
      log.warn({ reason }, 'the audit cannot be stored; trying again');
    },
    back: () => {
      log.info('audits are stored again');
    },
  };
}
