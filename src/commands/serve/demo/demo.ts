// `serve --demo`: the webhook and a report about a sample cluster, on this machine only.

import { join } from 'node:path';

import type { GuardReport } from '../../../outputs/guard-report.ts';
import type { GuardConfiguration } from '../../../runtime/configuration/configuration.ts';
import type { Address } from '../../../runtime/listener.ts';
import { StartError } from '../../../runtime/start-error.ts';
import type { LastReport } from '../local/page.ts';
import type { ServeOptions } from '../options.ts';
import { samplesFolder } from './folder.ts';
import { present, type RunningDemo } from './present.ts';
import { checkSamples, stateOf, type SampleRun } from './samples.ts';

/** The demo. */
export interface Demo {
  /** The path of its configuration, under which both controls deny. */
  readonly configuration: string;
  /** The folder for its certificates, in the current folder. */
  readonly certificateFolder: string;
  /**
   * Checks the sample cluster.
   *
   * @throws StartError (rejects) if the address is not on this machine
   */
  readonly prepare: (listenOn: Address, run: SampleRun) => Promise<void>;
  /** The report about the sample cluster. */
  readonly report: () => LastReport;
  /** Prints the addresses, the report, and two reviews with the answers of the running webhook. */
  readonly present: (running: RunningDemo) => Promise<void>;
  /** Checks the sample cluster again whenever it or the configuration has changed. It ends when the signal aborts. */
  readonly follow: (deps: FollowDeps) => Promise<void>;
}

/** What it takes to follow the samples. */
export interface FollowDeps extends Omit<SampleRun, 'configuration'> {
  /** The current configuration. */
  readonly configuration: () => GuardConfiguration;
  readonly changed: () => void;
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  readonly signal: AbortSignal;
}

const CERTIFICATE_FOLDER = 'certs';

const THIS_MACHINE = ['localhost', '127.0.0.1', '::1', '0.0.0.0', '::', ''];

/** Milliseconds between two looks at the samples. */
const POLL = 1000;

/**
 * Makes the demo.
 *
 * @param root the folder of the package
 * @throws StartError if the flags contradict the demo
 */
export function createDemo(options: ServeOptions, root: string): Demo {
  const { only, tlsCertFile, tlsPrivateKeyFile, tlsSecret } = options;
  if (only === 'sweep') throw new StartError('usage', '--demo has no cluster to sweep: leave out --only sweep');
  if ((tlsCertFile ?? tlsPrivateKeyFile ?? tlsSecret) !== undefined)
    throw new StartError('usage', '--demo makes its own certificate: leave out --tls-cert-file and --tls-secret');
  const samples = samplesFolder(root);
  const folder = join(samples, 'cluster');
  const reviews = [
    { file: join(samples, 'reviews/good.json'), title: 'A kube-apiserver that has both flags' },
    { file: join(samples, 'reviews/bad.json'), title: 'A kubelet-config without a client CA file' },
  ];
  let last: { readonly report: GuardReport; readonly of: string; readonly by: GuardConfiguration } | undefined;
  const check = async (run: SampleRun): Promise<void> => {
    // before it is read: a change during the check is seen later
    const of = stateOf(folder);
    last = { report: await checkSamples(folder, run), of, by: run.configuration };
  };
  return {
    configuration: join(samples, 'guard-configuration.yaml'),
    certificateFolder: CERTIFICATE_FOLDER,
    prepare: async ({ host, port }, run) => {
      if (!THIS_MACHINE.includes(host))
        throw new StartError('usage', `--demo is for this machine only: use --listen 127.0.0.1:${port}`);
      await check(run);
    },
    report: () => last ?? { reason: 'the sample cluster is not checked yet' },
    present: async (running) => {
      if (last === undefined) return;
      await present({ folder, report: last.report, certificateFolder: CERTIFICATE_FOLDER, reviews }, running);
    },
    follow: async ({ configuration, changed, pause, signal, ...run }) => {
      const isStopped = (): boolean => signal.aborted;
      for (;;) {
        await pause(POLL, signal).catch(() => undefined);
        if (isStopped()) return;
        const current = configuration();
        if (last?.of === stateOf(folder) && last.by === current) continue;
        await check({ ...run, configuration: current });
        changed();
      }
    },
  };
}
