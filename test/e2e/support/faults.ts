import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cleanup } from './cleanup.ts';
import { callLocal, sample } from './local-port.ts';
import type { Authority } from './pki.ts';
import { productCommand } from './product.ts';
import { freePort, must, startProgram, type Program } from './programs.ts';
import { eventually, Hopeless } from './wait.ts';

/** A webhook whose folder and port outlive its process. */
export interface Webhook {
  readonly dir: string;
  readonly port: number;
  readonly program: () => Program;
  /** How many reviews this process has seen. */
  readonly reviews: () => Promise<number>;
  /** Starts a process, after the one before has ended, and waits until it is ready. */
  readonly start: () => Promise<void>;
  readonly configure: (text: string) => void;
  /** Writes a new certificate, and its key a moment later or never. */
  readonly certify: (isWhole: boolean) => void;
}

/** A webhook that has not been started yet; its files, the temporary ones too, are in the folder. */
export async function webhookIn(
  cleanup: Cleanup,
  { dir, authority, configuration }: { dir: string; authority: Authority; configuration: string },
): Promise<Webhook> {
  mkdirSync(dir, { recursive: true });
  const [port, local] = [await freePort(), await freePort()];
  const paths = { config: join(dir, 'guard.yaml'), certificate: join(dir, 'tls.crt'), key: join(dir, 'tls.key') };
  const configure = (text: string): void => {
    writeFileSync(paths.config, text);
  };
  const certify = (isWhole: boolean): void => {
    const pair = authority.issue({ name: 'kubelet-guard', addresses: ['127.0.0.1'] });
    writeFileSync(paths.certificate, pair.certificate);
    if (isWhole) writeFileSync(paths.key, pair.key);
  };
  configure(configuration);
  certify(true);
  let program: Program | undefined;
  const running = (): Program => {
    if (program === undefined) throw new Error('the webhook was not started');
    return program;
  };
  const start = async (): Promise<void> => {
    const command = [
      ...['env', `TMPDIR=${dir}`, ...productCommand('serve', '--only=webhook', `--config=${paths.config}`)],
      ...[`--tls-cert-file=${paths.certificate}`, `--tls-private-key-file=${paths.key}`],
      ...[`--listen=127.0.0.1:${port}`, `--local-listen=127.0.0.1:${local}`],
    ];
    // its log is not on the disk that gets full
    program = startProgram(cleanup, { name: `webhook-${port}`, dir: join(dir, '..'), command });
    await eventually(
      'the webhook to be ready',
      async () => {
        if (running().exit() !== undefined) throw new Hopeless(`it ended\n${running().tail()}`);
        return (await callLocal(local, '/readyz')).status === 200 ? true : undefined;
      },
      { context: running().tail },
    );
  };
  const reviews = async () =>
    sample((await callLocal(local, '/metrics')).text, 'kubelet_guard_admission_requests_total') ?? 0;
  return { dir, port, program: running, reviews, start, configure, certify };
}

/** Mounts a small disk of its own on a folder. */
export async function smallDisk(cleanup: Cleanup, dir: string): Promise<void> {
  mkdirSync(dir, { recursive: true });
  await must('mount', '-t', 'tmpfs', '-o', 'size=256k', 'none', dir);
  cleanup.add(() => must('umount', '--lazy', dir));
}

/** Writes until nothing more fits; what it returns makes room again. */
export function fill(dir: string): () => void {
  const path = join(dir, 'filler');
  const block = Buffer.alloc(4096);
  try {
    for (;;) writeFileSync(path, block, { flag: 'a' });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOSPC') throw cause;
  }
  return () => {
    rmSync(path);
  };
}

/** Leaves a process no more than a few descriptors beyond those that it has; what it returns gives them back. */
export async function starve({ pid }: Program, left: number): Promise<() => Promise<void>> {
  const process = String(pid);
  const open = readdirSync(`/proc/${process}/fd`).length;
  await must('prlimit', `--pid=${process}`, `--nofile=${open + left}:`);
  return () => must('prlimit', `--pid=${process}`, '--nofile=4096:');
}
