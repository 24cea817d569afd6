// `serve --demo`: the webhook and a report about a sample cluster, on this machine only.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join, relative } from 'node:path';
import type { Writable } from 'node:stream';

import { controls } from '../../controls/index.ts';
import { readPaths } from '../../evidence/files/read-paths.ts';
import { inspect } from '../../inspect.ts';
import type { GuardReport, Run } from '../../outputs/guard-report.ts';
import { reportRun } from '../../outputs/report.ts';
import { exemptionsAt } from '../../outputs/run.ts';
import { escapeForTerminal } from '../../outputs/printable.ts';
import { renderText } from '../../outputs/text/text.ts';
import type { Finding } from '../../policy/finding.ts';
import type { SourceProblem } from '../../policy/reading.ts';
import { admissionControls, type GuardConfiguration } from '../../runtime/configuration/configuration.ts';
import type { Address } from '../../runtime/listener.ts';
import type { Log } from '../../runtime/log.ts';
import { StartError } from '../../runtime/start-error.ts';
import { CHECK } from '../allowances.ts';
import { runOrigin } from '../run-origin.ts';
import type { LastReport } from './local/page.ts';
import type { ServeOptions } from './options.ts';

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
  readonly prepare: (listenOn: Address, run: DemoRun) => Promise<void>;
  /** The report about the sample cluster. */
  readonly report: () => LastReport;
  /** Prints the report, the addresses, and two reviews with the answers of the running webhook. */
  readonly present: (running: RunningDemo) => Promise<void>;
}

interface DemoRun {
  readonly configuration: GuardConfiguration;
  readonly now: () => Date;
  /** The version of the program. */
  readonly version: string;
}

interface RunningDemo {
  readonly webhook: Address;
  /** The URL of the local port. */
  readonly local: string;
  readonly log: Log;
  readonly stdout: Writable;
}

interface Samples {
  readonly cluster: string;
  readonly configuration: string;
  readonly reviews: readonly { readonly file: string; readonly title: string }[];
}

const CERTIFICATE_FOLDER = 'certs';

const THIS_MACHINE = ['localhost', '127.0.0.1', '::1', '0.0.0.0', '::', ''];

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
  const samples = samplesIn(root);
  let last: LastReport = { reason: 'the sample cluster is not checked yet' };
  return {
    configuration: samples.configuration,
    certificateFolder: CERTIFICATE_FOLDER,
    prepare: async ({ host, port }, run) => {
      if (!THIS_MACHINE.includes(host))
        throw new StartError('usage', `--demo is for this machine only: use --listen 127.0.0.1:${port}`);
      last = { report: await checkSamples(samples, run) };
    },
    report: () => last,
    present: (running) => present(samples, last, running),
  };
}

function samplesIn(root: string): Samples {
  // a relative path is shorter to read and to copy
  const folder = relative('', join(root, 'samples'));
  return {
    cluster: join(folder, 'cluster'),
    configuration: join(folder, 'guard-configuration.yaml'),
    reviews: [
      { file: join(folder, 'reviews/good.json'), title: 'A kube-apiserver that has both flags' },
      { file: join(folder, 'reviews/bad.json'), title: 'A kubelet-config without a client CA file' },
    ],
  };
}

async function checkSamples(samples: Samples, { configuration, now, version }: DemoRun): Promise<GuardReport> {
  const startedAt = now().toISOString();
  const findings: Finding[] = [];
  const problems: SourceProblem[] = [];
  const enabled = admissionControls(controls, configuration);
  for await (const document of readPaths([samples.cluster], noInput)) {
    if ('problem' in document) {
      problems.push(document);
      continue;
    }
    const inspection = inspect(enabled, [document], CHECK);
    findings.push(...inspection.findings);
    problems.push(...inspection.problems);
  }
  const run: Run = {
    ...{ id: randomUUID(), entrance: 'serve', startedAt, finishedAt: now().toISOString() },
    ...runOrigin(version, configuration),
  };
  const { exemptions } = configuration.policy;
  return reportRun(run, { findings, problems }, exemptionsAt(exemptions, startedAt), exemptions);
}

async function* noInput(): AsyncGenerator<Uint8Array> {
  // the samples are files
}

async function present(
  samples: Samples,
  last: LastReport,
  { webhook, local, log, stdout }: RunningDemo,
): Promise<void> {
  const url = `https://localhost:${webhook.port}/validate`;
  const caFile = join(CERTIFICATE_FOLDER, 'ca.crt');
  const lines = [
    `The sample cluster in ${samples.cluster}:`,
    '',
    'report' in last ? renderText(last.report, { color: false, quiet: false }) : last.reason,
    `Page      ${local}/`,
    `Webhook   ${url}`,
    ...['/livez', '/readyz', '/metrics', '/api/v1/report'].map((path) => `Local     ${local}${path}`),
  ];
  // the answers below show everything that the log would
  const { level } = log;
  log.level = 'silent';
  for (const { file, title } of samples.reviews) {
    const answer = await post(url, readSample(file), readSample(caFile));
    const command = `curl -sS --cacert ${caFile} -H 'content-type: application/json' --data-binary @${file} ${url}`;
    lines.push('', `${title}:`, '', `  ${command}`, '', indent(JSON.stringify(JSON.parse(answer), null, 2)));
  }
  log.level = level;
  lines.push('', 'Press Ctrl-C to stop.', '');
  stdout.write(escapeForTerminal(lines.join('\n')));
}

function readSample(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const fault = `cannot read ${file}, which the demo needs: reinstall kubelet-guard`;
    throw new StartError('samples', fault, { cause });
  }
}

function post(url: string, body: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const outgoing = request(url, { method: 'POST', ca, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve(Buffer.concat(chunks).toString());
      });
      response.on('error', reject);
    });
    outgoing.on('error', reject).end(body);
  });
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
