// What the parts of a release have in common: the version, the image, and where files are read and written.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A release. */
export interface Release {
  /** The folder of the checkout, with dist. */
  readonly checkout: string;
  readonly version: string;
  /** The image without a tag: REGISTRY/NAME. */
  readonly repository: string;
  /** Its digest: sha256:... */
  readonly digest: string;
  /** The page of the project. */
  readonly homepage: string;
  /** The folder that the release is downloaded from, as a URL. */
  readonly downloads: string;
  /** Seconds since 1970: the time of every file, so that the same commit gives the same bytes. */
  readonly epoch: number;
  /** The folder of the finished files. */
  readonly output: string;
  /** A folder for what is between. */
  readonly scratch: string;
}

/** The machines that have an executable, and what others call them. */
export const MACHINES = [
  { name: 'amd64', node: 'x64', rpm: 'x86_64' },
  { name: 'arm64', node: 'arm64', rpm: 'aarch64' },
] as const;

/** One of the machines. */
export type Machine = (typeof MACHINES)[number];

/** Runs a program, with the time of the release as the time of what it writes. Returns its output. */
export function run(release: Release, program: string, ...args: readonly string[]): string {
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(release.epoch), TZ: 'UTC', LC_ALL: 'C' };
  return execFileSync(program, args, {
    env,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Makes a folder for what is between. */
export function scratchFolder({ scratch }: Release, name: string): string {
  const folder = join(scratch, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The name of the archive with the executable of a machine. */
export function archiveName({ version }: Release, { name }: Machine): string {
  return `kubelet-guard-${version}-linux-${name}.tar.gz`;
}

/** Packs what is in a folder. The same content gives the same bytes. Helm reads no names that begin with a dot. */
export function tar(release: Release, folder: string, archive: string): void {
  const same = [
    '--sort=name',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    `--mtime=@${release.epoch}`,
    '--mode=u+w,go-w',
  ];
  const path = join(release.output, archive);
  run(
    release,
    'tar',
    '--create',
    '--format=ustar',
    ...same,
    '--use-compress-program=gzip -n',
    '--file',
    path,
    '-C',
    folder,
    ...readdirSync(folder).sort(),
  );
}
