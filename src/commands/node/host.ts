// `node`: checks a host once. What the host shows is read by evidence/host.

import { join } from 'node:path';

import { controls as all } from '../../controls/index.ts';
import { handshakeEvidence } from '../../evidence/handshake/handshake.ts';
import type { NodeEvidence } from '../../evidence/index.ts';
import { changedSince, helloTarget } from '../../facts/host/host.ts';
import { UNITS } from '../../facts/host/stopped.ts';
import { inspect } from '../../inspect.ts';
import type { RunAnswer, RunOptions } from '../../outputs/run.ts';
import type { ProcessDocument, ProcessFiles, RawDocument } from '../../policy/document.ts';
import type { Finding } from '../../policy/finding.ts';
import { checkTimeAt } from '../../runtime/configuration/certificates.ts';
import { loadConfiguration } from '../../runtime/configuration/configuration.ts';
import { resolveSweep } from '../../runtime/configuration/sweep.ts';
import { HOST } from '../allowances.ts';
import { benchmarkOf } from '../../runtime/benchmark.ts';
import { runOrigin } from '../run-origin.ts';
import { selectionOf, type SelectionOptions } from '../selection.ts';
import { runId } from '../terminal.ts';
import { auditNode } from './audit.ts';
import { hostProcesses, type Network } from './processes.ts';
import type { HostPlace } from './units.ts';

/** Which host is checked, and how the result is shown. */
export interface HostAuditOptions extends RunOptions, HostPlace {
  readonly config: string | undefined;
  readonly benchmark?: string | undefined;
  /** Also show controls that are off. The sweeper needs their findings, and decides itself what it shows. */
  readonly showsAll?: boolean;
  readonly evidence: readonly NodeEvidence[];
  /** What counts and is reported, as it was asked for. */
  readonly select?: SelectionOptions;
}

export interface HostAuditDeps {
  /** The version of the program, for reports that leave the host. */
  readonly version?: string;
  readonly now: () => Date;
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
}

/**
 * Checks a host once.
 *
 * @throws StartError if the configuration cannot be read or is not valid
 */
export async function auditHost(
  options: HostAuditOptions,
  { now, clock, version }: HostAuditDeps,
  signal: AbortSignal,
): Promise<RunAnswer> {
  const { root, evidence } = options;
  const configuration = loadConfiguration(options.config, all);
  const benchmark = benchmarkOf(options.benchmark, configuration);
  const controls = benchmark.show(all);
  const { settings, policy } = configuration;
  const networks = new WeakMap<ProcessFiles, Network>();
  const handshake = handshakeEvidence({ timeout: resolveSweep(settings.sweep?.value).timeout });
  const isShown = ({ control, surface }: Finding): boolean =>
    options.showsAll === true || configuration.isReported(control, surface);
  return auditNode(
    {
      ...options,
      byHost: evidence.includes('proc'),
      exemptions: policy.exemptions,
      benchmark: benchmark.name,
      selection: selectionOf(options.select ?? {}, controls),
      places: `read the processes in ${join(root, 'proc')} and the units ${UNITS.join(', ')} of ${root}; run it on the host itself as root, or pass --root`,
    },
    {
      inspect: (document) => {
        const { findings, problems } = inspect(controls, [document], HOST);
        return { findings: findings.filter(isShown), problems };
      },
      processes: () => hostProcesses({ ...options, clock }, checkTimeAt(now(), settings.certificates?.value), networks),
      ask: (kubelet) => {
        const network = evidence.includes('handshake') ? networks.get(kubelet.files) : undefined;
        if (network === undefined) return undefined;
        if (network === 'other') return Promise.resolve(unanswered(kubelet));
        return handshake.ask({ name: kubelet.subject.name, uid: '', ...helloTarget(kubelet, HOST) }, signal);
      },
      changedSince: (document) => changedSince(document, HOST),
      runId: runId(now()),
      origin: version === undefined ? undefined : runOrigin(version, configuration),
      now,
    },
  );
}

function unanswered({ subject }: ProcessDocument): RawDocument {
  const message =
    'the kubelet is in another network namespace than this process, so it was not asked: run kubelet-guard in the same one';
  return {
    form: 'unanswered',
    component: 'kubelet',
    wanted: 'hello',
    source: { node: subject.name, via: 'handshake' },
    problem: { code: 'unreachable', message },
  };
}
