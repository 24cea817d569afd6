// Sends changed AdmissionReviews to the built webhook under `enforce`. It must answer each with its uid, and must not allow
// an object with which the component would lack the setting.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { parseDocument } from 'yaml';

import { clusterConfiguration } from '../differential/generate/kubeadm.ts';
import { configurationText } from '../differential/generate/kubelet-setups.ts';
import { podQuery } from '../differential/generate/pods.ts';
import type { Cleanup } from '../e2e/support/cleanup.ts';
import { callLocal } from '../e2e/support/local-port.ts';
import { Authority } from '../e2e/support/pki.ts';
import { productCommand } from '../e2e/support/product.ts';
import { freePort, startProgram, type Program } from '../e2e/support/programs.ts';
import { eventually, Hopeless } from '../e2e/support/wait.ts';
import { recordedReviews } from '../support/admission.ts';
import type { Oracle } from '../support/oracle.ts';
import { openConnection } from './support/exchange.ts';
import { claimOf, lacking, type Claim } from './support/lacking.ts';
import { mutateReview, type Pools } from './support/mutate-review.ts';
import { Random } from './support/random.ts';

/** The end of a run: the first of the two limits. */
export interface Bounds {
  readonly count: number;
  readonly milliseconds: number;
  readonly seed: number;
}

/** The result of a run. */
export interface Outcome {
  readonly sent: number;
  readonly seconds: number;
  /** The number of answers of each kind: `allowed`, `denied`, `refused 400`, … */
  readonly answers: Readonly<Record<string, number>>;
  /** The number of allowed objects that the oracle checked, and of those for which there was no time. */
  readonly checked: number;
  readonly unchecked: number;
  readonly slowest: number;
  /** MiB at the start, at the end, and at the peak. */
  readonly memory: readonly [number, number, number];
  /** The faults, the first of each kind with the body that caused it. */
  readonly faults: Readonly<Record<string, number>>;
  /** The folder of those bodies. */
  readonly folder: string;
}

const CONNECTIONS = 6;
const BATCH = 400;
/** At most this many allowed objects wait for the oracle; further ones are only counted. */
const MOST_WAITING = 4000;
const FROM_EACH_POOL = 400;

const ENFORCE = {
  apiVersion: 'kubelet-guard.dev/v1alpha1',
  kind: 'GuardConfiguration',
  controls: { 'apiserver-kubelet-client-cert': { action: 'enforce' }, 'kubelet-client-ca': { action: 'enforce' } },
  onUnknown: 'deny',
};

/** Sends changed reviews until a limit is reached. */
export async function soakReviews(
  cleanup: Cleanup,
  bounds: Bounds,
  oracle: Oracle | undefined,
  say: (line: string) => void,
): Promise<Outcome> {
  const { port, ca, program, dir } = await startWebhook(cleanup);
  const random = new Random(bounds.seed);
  const pools = poolsOf(bounds.seed);
  const reviews = reviewsOf(pools, bounds.seed);
  const folder = join(dir, 'faults');
  const examiner = new Examiner(oracle, folder);
  const began = performance.now();
  const before = memoryOf(program);
  let sent = 0;
  let printedAt = began;
  const work = async (): Promise<void> => {
    const connection = openConnection(port, ca);
    while (sent < bounds.count && performance.now() - began < bounds.milliseconds && program.exit() === undefined) {
      sent += 1;
      const body = mutateReview(random, random.pick(reviews), pools);
      const sentAt = performance.now();
      const answer = await connection.post(body).catch(() => undefined);
      examiner.answered(body, answer, performance.now() - sentAt);
      if (performance.now() - printedAt < 30_000) continue;
      printedAt = performance.now();
      say(
        `reviews: ${sent} sent, ${examiner.checked} checked, ${memoryOf(program)[0]} MiB, faults ${JSON.stringify(examiner.faults)}`,
      );
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  const [end, most] = memoryOf(program);
  await examiner.finish();
  if (program.exit() !== undefined) examiner.fault('the webhook ended', program.tail());
  const { answers, checked, unchecked, slowest, faults } = examiner;
  const seconds = (performance.now() - began) / 1000;
  return { sent, seconds, answers, checked, unchecked, slowest, memory: [before[0], end, most], faults, folder };
}

/** Checks the answers, and asks the oracle about allowed objects. */
class Examiner {
  readonly answers: Record<string, number> = {};
  readonly faults: Record<string, number> = {};
  checked = 0;
  unchecked = 0;
  slowest = 0;
  readonly #oracle: Oracle | undefined;
  readonly #folder: string;
  readonly #seen = new Set<string>();
  #waiting: Claim[] = [];
  #asking: Promise<void> | undefined;

  constructor(oracle: Oracle | undefined, folder: string) {
    this.#oracle = oracle;
    this.#folder = folder;
  }

  answered(body: string, answer: { readonly status: number; readonly body: string } | undefined, took: number): void {
    this.slowest = Math.max(this.slowest, took);
    if (answer === undefined) {
      this.fault('no answer', body);
      return;
    }
    if (answer.status !== 200) {
      this.#count(`refused ${answer.status}`);
      if (answer.status >= 500) this.fault(`status ${answer.status}`, body);
      return;
    }
    const { response } = JSON.parse(answer.body) as { response?: { uid?: unknown; allowed?: unknown } };
    const { request } = JSON.parse(body) as { request?: { uid?: unknown } };
    if (response?.uid === undefined || response.uid !== request?.uid) this.fault('an answer without the uid', body);
    this.#count(response?.allowed === true ? 'allowed' : 'denied');
    if (response?.allowed === true) this.#admitted(body);
  }

  fault(what: string, body: string): void {
    this.faults[what] = (this.faults[what] ?? 0) + 1;
    if ((this.faults[what] ?? 0) > 20) return;
    mkdirSync(this.#folder, { recursive: true });
    writeFileSync(join(this.#folder, `${what.replaceAll(/\W+/g, '-')}-${this.faults[what]}.json`), body);
  }

  async finish(): Promise<void> {
    while (this.#asking !== undefined || this.#waiting.length > 0) {
      this.#ask();
      await this.#asking;
    }
  }

  #count(what: string): void {
    this.answers[what] = (this.answers[what] ?? 0) + 1;
  }

  #admitted(body: string): void {
    const claim = this.#oracle && claimOf(body);
    if (claim === undefined) return;
    const key = JSON.stringify(claim.query);
    if (this.#seen.has(key)) return;
    if (this.#waiting.length >= MOST_WAITING) {
      this.unchecked += 1;
      return;
    }
    if (this.#seen.size < 200_000) this.#seen.add(key);
    this.#waiting.push(claim);
    if (this.#waiting.length >= BATCH) this.#ask();
  }

  #ask(): void {
    if (this.#oracle === undefined || this.#asking !== undefined || this.#waiting.length === 0) return;
    const claims = this.#waiting.slice(0, BATCH);
    this.#waiting = this.#waiting.slice(BATCH);
    this.#asking = lacking(this.#oracle, claims).then((found) => {
      this.checked += claims.length;
      for (const { body, query } of found) this.fault(`admitted without the setting (${query.component})`, body);
      this.#asking = undefined;
    });
  }
}

async function startWebhook(cleanup: Cleanup): Promise<{ port: number; ca: string; program: Program; dir: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'kubelet-guard-soak-'));
  cleanup.add(() => {
    // the bodies of faults are kept
    if (!readdirSync(dir).includes('faults')) rmSync(dir, { recursive: true });
  });
  const authority = new Authority('soak-ca');
  const pair = authority.issue({ name: 'kubelet-guard', addresses: ['127.0.0.1'] });
  writeFileSync(join(dir, 'tls.crt'), pair.certificate);
  writeFileSync(join(dir, 'tls.key'), pair.key);
  writeFileSync(join(dir, 'guard.yaml'), JSON.stringify(ENFORCE));
  const [port, local] = [await freePort(), await freePort()];
  const files = [`--tls-cert-file=${join(dir, 'tls.crt')}`, `--tls-private-key-file=${join(dir, 'tls.key')}`];
  const addresses = [`--listen=127.0.0.1:${port}`, `--local-listen=127.0.0.1:${local}`];
  const command = productCommand(
    'serve',
    '--only=webhook',
    `--config=${join(dir, 'guard.yaml')}`,
    '--log-level=error',
    ...files,
    ...addresses,
  );
  const program = startProgram(cleanup, { name: 'webhook', dir, command });
  await eventually(
    'the webhook to be ready',
    async () => {
      if (program.exit() !== undefined) throw new Hopeless(`it ended\n${program.tail()}`);
      return (await callLocal(local, '/readyz')).status === 200 ? true : undefined;
    },
    { context: program.tail },
  );
  return { port, ca: authority.certificate, program, dir };
}

function poolsOf(seed: number): Pools {
  const options = { numRuns: FROM_EACH_POOL, seed };
  const kubeadm = fc.sample(clusterConfiguration, options).map((query) => ('document' in query ? query.document : ''));
  return { kubelet: fc.sample(configurationText, options), kubeadm };
}

/** The reviews that are changed: those that a real API server sent, and the same with generated objects. */
function reviewsOf({ kubelet, kubeadm }: Pools, seed: number): readonly string[] {
  const recorded = readdirSync(recordedReviews)
    .filter((file) => file.endsWith('.json'))
    .map((file) => readFileSync(join(recordedReviews, file), 'utf8'));
  const like = (part: string, change: (object: Record<string, unknown>) => object): string => {
    const review = JSON.parse(recorded.find((text) => text.includes(part)) ?? '{}') as {
      request: { object: Record<string, unknown> };
    };
    return JSON.stringify({ ...review, request: { ...review.request, object: change(review.request.object) } });
  };
  const pods = fc.sample(podQuery, { numRuns: FROM_EACH_POOL, seed }).flatMap((query) => {
    const document = parseDocument('document' in query ? query.document : '');
    const pod: unknown = document.errors.length > 0 ? undefined : document.toJS();
    return typeof pod === 'object' && pod !== null && 'spec' in pod ? [pod.spec] : [];
  });
  return [
    ...Array.from({ length: 80 }, () => recorded).flat(),
    ...kubelet.map((text) => like('"name": "kubelet-config"', (object) => ({ ...object, data: { kubelet: text } }))),
    ...kubeadm.map((text) =>
      like('"name": "kubeadm-config"', (object) => ({ ...object, data: { ClusterConfiguration: text } })),
    ),
    ...pods.map((spec) => like('"operation": "CREATE"', (object) => ({ ...object, spec }))),
  ];
}

/** The memory of a process now and at its peak, in MiB. */
function memoryOf({ pid }: Program): readonly [number, number] {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const read = (name: string) =>
      Math.round(Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) / 1024);
    return [read('VmRSS'), read('VmHWM')];
  } catch {
    return [0, 0];
  }
}
