import { chmodSync, cpSync, mkdirSync, mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { buildContext, CHECKOUT, execForm, readCopy, readDockerfile, type Stage } from '../../support/dockerfile.ts';
import type { Cleanup } from './cleanup.ts';
import { findProgram, must, run } from './programs.ts';

/** The result of a build of the image, in a folder. */
export interface Image {
  /** The folder that stands for the image's `/`. */
  readonly root: string;
  /** The folder of the program's files. */
  readonly workdir: string;
  /**
   * The command line that runs something in it, with the image's `/` as the root of the file system: as its user, and with its
   * variables only. The program cannot write files.
   */
  readonly command: (words: readonly string[]) => readonly string[];
  readonly entrypoint: readonly string[];
  readonly healthcheck: readonly string[];
}

interface State {
  readonly root: string;
  workdir: string;
  readonly variables: Record<string, string>;
  user: string;
  entrypoint: readonly string[];
  healthcheck: readonly string[];
}

/** The user of steps before any USER: an unprivileged user. */
const UNPRIVILEGED = '65532:65532';
/** The time limit of one step. */
const WITHIN = 240_000;
/** Variables that decide where packages are downloaded. */
const NETWORK = /^(npm_config_registry|NODE_EXTRA_CA_CERTS|(https?|no)_proxy)$/i;
const READ_ONLY =
  '--permission --allow-fs-read=* --allow-net --allow-worker --disable-warning=ExperimentalWarning --disable-warning=PERM0006';

/**
 * Runs the steps of the Dockerfile as an unprivileged user, in a clean folder for each stage, and makes the result
 * read-only. Needs root, because what is in the result runs with that folder as its root.
 */
export async function rehearse(cleanup: Cleanup): Promise<Image> {
  if (process.getuid?.() !== 0) throw new Error('only root can change the root of a process');
  const dir = mkdtempSync(join(tmpdir(), 'kubelet-guard-image-'));
  cleanup.add(() => must('rm', '-rf', dir));
  chmodSync(dir, 0o755);
  const context = join(dir, 'context');
  for (const path of buildContext()) copy(join(CHECKOUT, path), join(context, path));
  const stages = new Map<string, State>();
  for (const stage of readDockerfile()) {
    const root = join(dir, stage.name.replace(' ', '-'));
    mkdirSync(root);
    stages.set(stage.name, await perform(stage, root, context, stages));
  }
  const last = [...stages.values()].at(-1);
  if (last === undefined) throw new Error('the Dockerfile has no stage');
  // as every engine does
  mkdirSync(join(last.root, 'proc'));
  await must('chmod', '-R', 'a-w', last.root);
  cleanup.add(() => must('chmod', '-R', 'u+w', last.root));
  const { root, workdir, entrypoint, healthcheck } = last;
  const prefix = inside(last);
  const command = (words: readonly string[]) => [...prefix, ...words];
  return { root, workdir: join(root, workdir), command, entrypoint, healthcheck };
}

/** The prefix of a command line that runs in an image. */
function inside({ root, workdir, variables, user }: State): readonly string[] {
  const [uid = '', gid = ''] = user.split(':');
  const place = ['--mount', '--mount-proc', `--root=${root}`, `--wd=${workdir}`, `--setuid=${uid}`, `--setgid=${gid}`];
  const all = { ...variables, NODE_OPTIONS: READ_ONLY };
  const assignments = Object.entries(all).map(([name, value]) => `${name}=${value}`);
  return ['env', '-i', ...assignments, findProgram('unshare') ?? 'unshare', ...place, '--'];
}

async function perform(
  { instructions }: Stage,
  root: string,
  context: string,
  stages: ReadonlyMap<string, State>,
): Promise<State> {
  const state: State = { root, workdir: '/', variables: {}, user: UNPRIVILEGED, entrypoint: [], healthcheck: [] };
  for (const { keyword, text } of instructions) {
    switch (keyword) {
      case 'WORKDIR':
        state.workdir = text;
        mkdirSync(join(root, text), { recursive: true });
        break;
      case 'COPY':
        copyInto(state, text, context, stages);
        break;
      case 'RUN':
        await runStep(state, text);
        break;
      case 'ENV':
        Object.assign(state.variables, Object.fromEntries([text.split('=')]));
        break;
      case 'USER':
        state.user = text;
        break;
      case 'ENTRYPOINT':
        state.entrypoint = execForm(text);
        break;
      case 'HEALTHCHECK':
        state.healthcheck = execForm(text.replace(/^.* CMD /, ''));
        break;
      case 'LABEL':
      case 'EXPOSE':
      case 'CMD':
        break;
      default:
        throw new Error(`the rehearsal does not know ${keyword}`);
    }
  }
  return state;
}

function copyInto({ root, workdir }: State, text: string, context: string, stages: ReadonlyMap<string, State>): void {
  const { from, sources, target } = readCopy(text);
  const origin = from === undefined ? context : stages.get(from)?.root;
  if (origin === undefined) throw new Error(`COPY ${text}: there is no such stage before it`);
  for (const source of sources) {
    const path = join(origin, source);
    const to = join(root, resolve(workdir, target));
    copy(path, target.endsWith('/') && !statSync(path).isDirectory() ? join(to, basename(path)) : to);
  }
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}

async function runStep({ root, workdir, variables, user }: State, text: string): Promise<void> {
  await must('chown', '-R', user, root);
  const network = Object.entries(process.env).flatMap(([name, value]) =>
    value !== undefined && NETWORK.test(name) ? [[name, value] as const] : [],
  );
  const place = { cwd: join(root, workdir), home: root, variables: { ...Object.fromEntries(network), ...variables } };
  const { code, stdout, stderr } = await run([...as(user, place), 'sh', '-c', text], { within: WITHIN });
  if (code !== 0) throw new Error(`RUN ${text} exited with ${code}: ${stdout}${stderr}`);
}

/** The prefix of a command line that runs as this user in this folder. */
function as(
  user: string,
  { cwd, home, variables }: { cwd: string; home: string; variables: Readonly<Record<string, string>> },
): readonly string[] {
  const [uid = '', gid = ''] = user.split(':');
  const change = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--no-new-privs'];
  const path = [dirname(process.execPath), process.env.PATH].join(delimiter);
  const all = { ...variables, PATH: path, HOME: home, TMPDIR: home };
  const assignments = Object.entries(all).map(([name, value]) => `${name}=${value}`);
  return [...change, 'env', '-i', '-C', cwd, ...assignments];
}
