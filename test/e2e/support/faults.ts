import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cleanup } from './cleanup.ts';
import { callLocal, sample } from './local-port.ts';
import type { Authority } from './pki.ts';
import { productCommand } from './product.ts';
import { freePort, must, startProgram, type Program } from './programs.ts';
import { eventually, Hopeless } from './wait.ts';

/** A webhook that keeps its folder and port when its process is restarted. */
export interface Webhook {
  readonly dir: string;
  readonly port: number;
  readonly program: () => Program;
  /** The number of reviews that this process has answered. */
  readonly reviews: () => Promise<number>;
  /** Waits for the end of the previous process, starts a new one, and waits until it is ready. */
  readonly start: () => Promise<void>;
  readonly configure: (text: string) => void;
  /** Writes a new certificate, and its key a moment later or never. */
  readonly certify: (isWhole: boolean) => void;
}

/** A webhook that is not started yet. All its files, including temporary ones, are in the folder. */
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
    // the log is on another disk than the one that gets full
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

/** Mounts a small file system on a folder. */
export async function smallDisk(cleanup: Cleanup, dir: string): Promise<void> {
  mkdirSync(dir, { recursive: true });
  await must('mount', '-t', 'tmpfs', '-o', 'size=256k', 'none', dir);
  cleanup.add(() => must('umount', '--lazy', dir));
}

/** Fills the disk; the returned function makes room again. */
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

/** Limits a process to a few file descriptors more than it has; the returned function restores the limit. */
export async function starve({ pid }: Program, left: number): Promise<() => Promise<void>> {
  const process = String(pid);
  const open = readdirSync(`/proc/${process}/fd`).length;
  await must('prlimit', `--pid=${process}`, `--nofile=${open + left}:`);
  return () => must('prlimit', `--pid=${process}`, '--nofile=4096:');
}
