import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { GuardReport, ReportedFinding } from '../../../src/outputs/guard-report.ts';
import type { Cleanup } from './cleanup.ts';
import type { ControlPlane } from './control-plane.ts';
import { callLocal, sample, type LocalAnswer } from './local-port.ts';
import { productCommand, runCli } from './product.ts';
import { freePort, startProgram, type Program } from './programs.ts';
import { eventually, Hopeless } from './wait.ts';

/** The background sweeper, in its own process as in a cluster. */
export interface Sweeper {
  readonly program: Program;
  /** Its local port. */
  readonly port: number;
  /** The report of the last complete sweep, or undefined. */
  readonly report: () => Promise<GuardReport | undefined>;
  /** Waits for the report of a complete sweep that started after now, or after the given time. */
  readonly nextReport: (wait?: { readonly after?: Date; readonly within?: number }) => Promise<GuardReport>;
  /** Requests a sweep. */
  readonly trigger: () => Promise<LocalAnswer>;
  /** Requests a sweep and waits for its report. */
  readonly sweepNow: (wait?: { readonly within?: number }) => Promise<GuardReport>;
  /** The sum of the samples of a metric with these labels. */
  readonly metric: (name: string, labels?: Readonly<Record<string, string>>) => Promise<number | undefined>;
  /** Changes its configuration, and waits until it is loaded. */
  readonly configure: (configuration: object) => Promise<void>;
  /** The lines of its log. */
  readonly entries: () => readonly LogEntry[];
}

export interface LogEntry extends Readonly<Record<string, unknown>> {
  readonly msg: string;
}

const KIND = { apiVersion: 'kubelet-guard.dev/v1alpha1', kind: 'GuardConfiguration' };

/** Starts `kubelet-guard serve --only sweep`, and waits until its local port answers. */
export async function startSweeper(
  cleanup: Cleanup,
  plane: ControlPlane,
  kubeconfig: string,
  sweep: object = {},
): Promise<Sweeper> {
  const local = await freePort();
  const name = `sweeper-${local}`;
  mkdirSync(join(plane.dir, name));
  const program = startProgram(cleanup, {
    name,
    dir: plane.dir,
    command: [
      ...productCommand('serve', '--only', 'sweep', '--kubeconfig', kubeconfig),
      ...['--config', plane.write(join(name, 'config.yaml'), sweepConfiguration(sweep))],
      ...['--local-listen', `127.0.0.1:${local}`],
    ],
  });
  await eventually(
    'the sweeper to be ready',
    async () => {
      if (program.exit() !== undefined) throw new Hopeless(`the sweeper ended\n${program.tail()}`);
      return (await callLocal(local, '/livez')).status === 200 ? true : undefined;
    },
    { context: program.tail },
  );
  const entries: Sweeper['entries'] = () =>
    program
      .log()
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as LogEntry);
  const reloads = () => entries().filter(({ msg }) => msg === 'the configuration is reloaded').length;
  const report = async () => {
    const { status, text } = await callLocal(local, '/api/v1/report');
    return status === 200 ? (JSON.parse(text) as GuardReport) : undefined;
  };
  const nextReport: Sweeper['nextReport'] = ({ after = new Date(), within = 30_000 } = {}) =>
    eventually(
      'the report of a complete sweep',
      async () => {
        const last = await report();
        return last !== undefined && new Date(last.run.startedAt) >= after ? last : undefined;
      },
      { within, context: program.tail },
    );
  const trigger = () =>
    eventually('the pause between two sweeps to end', async () => {
      const answer = await callLocal(local, '/api/v1/sweep', 'POST');
      return answer.status === 429 ? undefined : answer;
    });
  return {
    program,
    port: local,
    report,
    nextReport,
    trigger,
    sweepNow: async (wait) => {
      const after = new Date();
      // one that has just started does not lead yet
      const request = async () => {
        const { status, text } = await trigger();
        if (status === 202) return true as const;
        throw new Error(`a sweep was asked for, and the answer was ${status}: ${text}`);
      };
      await eventually('the sweeper to accept the request', request, { context: program.tail });
      return nextReport({ after, ...wait });
    },
    metric: async (metric, labels) => sample((await callLocal(local, '/metrics')).text, metric, labels),
    configure: async (configuration) => {
      const before = reloads();
      plane.write(join(name, 'config.yaml'), JSON.stringify({ ...KIND, ...configuration }));
      await eventually('the configuration to be loaded', () => Promise.resolve(reloads() > before || undefined), {
        context: program.tail,
      });
    },
    entries,
  };
}

/** The options of one sweep. */
interface OneSweep {
  readonly kubeconfig: string;
  /** The path of a configuration. */
  readonly config: string;
  readonly evidence: string;
}

/** Runs `kubelet-guard sweep` to its end. */
export async function sweepOnce({ kubeconfig, config, evidence }: OneSweep): Promise<{
  readonly code: number;
  readonly report: GuardReport;
  /** Milliseconds, including the start of the program. */
  readonly took: number;
}> {
  const began = performance.now();
  const args = ['--kubeconfig', kubeconfig, '--config', config, '--evidence', evidence, '--output', 'json'];
  const { code, stdout, stderr } = await runCli(['sweep', ...args]);
  if (!stdout.startsWith('{')) throw new Error(`the sweep gave no report: ${stdout}${stderr}`);
  return { code, report: JSON.parse(stdout) as GuardReport, took: performance.now() - began };
}

/** A configuration with these sweep settings. */
export function sweepConfiguration(sweep: object): string {
  return JSON.stringify({ ...KIND, sweep });
}

/** The finding of a report for a control on a node. */
export function findingOf(report: GuardReport, control: string, node: string): ReportedFinding | undefined {
  return report.findings.find((finding) => finding.control === control && finding.subject.name === node);
}

/** The controls of a kubelet. */
const KUBELET_CONTROLS = ['kubelet-client-ca', 'kubelet-anonymous-auth', 'kubelet-authorization-mode'];

/**
 * The findings of a report for a node, in one word for each kubelet control: the result, or the code of the problem if
 * the result is unknown, or a dash if there is no finding.
 */
export function verdict(report: GuardReport, node: string): string {
  return KUBELET_CONTROLS.map((control) => {
    const finding = findingOf(report, control, node);
    if (finding?.result !== 'unknown') return finding?.result ?? '-';
    return finding.problems[0]?.code ?? 'unknown';
  }).join(' ');
}
