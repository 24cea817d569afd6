import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { processComponent } from '../../../src/facts/host/processes.ts';
import { readProcess, type HostProcess, type ProcessName } from '../../../src/evidence/host/process.ts';
import { listProcesses, openProcess, type ProcessList } from '../../../src/evidence/host/processes.ts';
import { asOther } from './as-other.ts';

let folder: string;
let children: ChildProcess[];

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'kubelet-guard-processes-')));
  children = [];
});

afterEach(async () => {
  for (const child of children) await stop(child);
  rmSync(folder, { recursive: true });
});

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

interface Start {
  readonly args?: readonly string[];
  readonly argv0?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Starts a shell under another name, which prints a line and waits for input. */
async function start(name: string, { args = [], argv0, cwd = folder, env = {} }: Start = {}): Promise<number> {
  const program = join(folder, name);
  mkdirSync(dirname(program), { recursive: true });
  copyFileSync('/bin/sh', program);
  return run(program, ['-c', 'echo; read x', ...args], { cwd, env, ...(argv0 !== undefined && { argv0 }) });
}

async function run(program: string, args: readonly string[], options: object): Promise<number> {
  const child = spawn(program, args, { ...options, stdio: ['pipe', 'pipe', 'ignore'] });
  children.push(child);
  await once(child.stdout, 'data');
  return child.pid ?? 0;
}

const isComponent = { wanted: (name: ProcessName) => processComponent(name) !== undefined };

/** Those of the host's processes that this test has started. */
function startedProcesses({ processes }: ProcessList = listProcesses('/', isComponent)): readonly HostProcess[] {
  return processes.filter(({ exe }) => exe?.startsWith(folder) === true);
}

async function startKubelet(options: Start = {}): Promise<HostProcess> {
  await start('kubelet', options);
  const [found] = startedProcesses();
  if (found === undefined) throw new Error('the process was not found');
  return found;
}

describe('the processes of this host', () => {
  test('are found among others of similar names', async () => {
    const wanted = [
      await start('kubelet'),
      await start('opt/kube-apiserver'),
      await start('bin/kubelet', { argv0: '-kubelet' }),
      await start('usr/kubelet', { argv0: 'kubelet-1.30' }),
      await start('k3s', { argv0: '/usr/bin/k3s server' }),
    ];
    for (const name of ['kubelet-guard', 'kubelet-csr-approver', 'kubelet-1.30', 'kube-apiserver.log', 'vim', 'grep']) {
      await start(name, { args: ['kubelet', '/usr/bin/kubelet', 'kube-apiserver'] });
    }
    await run('/bin/sh', ['-c', `echo; read x; ${join(folder, 'kubelet')} --config=x`], {});
    await run(process.execPath, ['-e', 'console.log(); process.stdin.resume()', '--', 'kubelet', '/kubelet'], {});
    const found = listProcesses('/', isComponent).processes.map(({ pid }) => pid);
    const started = children.map(({ pid }) => pid ?? 0);
    // a shell cannot overwrite its arguments, so a title that is followed by arguments does not count
    expect(started.filter((pid) => found.includes(pid))).toStrictEqual(wanted.slice(0, 4));
  });

  test('have exactly the arguments that they were started with', async () => {
    const args = ['', '--config', 'a\nb', 'é "\' $x', '', ''];
    const found = await startKubelet({ args });
    expect(found.argv).toStrictEqual([join(folder, 'kubelet'), '-c', 'echo; read x', ...args]);
    expect(found.exe).toBe(join(folder, 'kubelet'));
    expect(found.cut).toBe(false);
    expect(found.problems).toStrictEqual([]);
  });

  test('can have many arguments', async () => {
    const args = Array.from({ length: 10_000 }, (_, at) => `--node-labels=a=${at}`);
    expect((await startKubelet({ args })).argv.slice(3)).toStrictEqual(args);
  });

  test('have namespaces, a parent and a start time', async () => {
    const before = Date.now();
    const found = await startKubelet();
    const after = Date.now();
    expect(found.mountNamespace).toMatch(/^mnt:\[\d+\]$/);
    expect(found.pidNamespace).toMatch(/^pid:\[\d+\]$/);
    expect(found.cgroup).toBe(
      readFileSync(`/proc/${found.pid}/cgroup`, 'utf8')
        .trim()
        .split('\n')
        .at(-1)
        ?.replace(/^.*?:.*?:/, ''),
    );
    expect(found.parent).toBe(process.pid);
    // the kernel gives its boot time in whole seconds
    expect(found.startedAt?.getTime()).toBeGreaterThan(before - 3000);
    expect(found.startedAt?.getTime()).toBeLessThan(after + 3000);
  });

  test('were started when their program was, which a script may have run with exec', async () => {
    const script = 'echo; read x; exec "$0" --eval "console.log(); process.stdin.resume()"';
    const child = spawn('/bin/sh', ['-c', script, process.execPath], { stdio: ['pipe', 'pipe', 'ignore'] });
    children.push(child);
    await once(child.stdout, 'data');
    const { pid = 0 } = child;
    const read = () => readProcess(`/proc/${pid}`, pid, 0, []);
    const script0 = read();
    expect(script0.programTicks).toBeUndefined();
    const ticks = () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 100;
    while (ticks() < script0.startTicks + 10);
    child.stdin.write('\n');
    await once(child.stdout, 'data');
    const found = read();
    expect(found.startTicks).toBe(script0.startTicks);
    expect(found.programTicks).toBeGreaterThanOrEqual(script0.startTicks + 10);
    expect(found.startedAt).toEqual(new Date((found.programTicks ?? 0) * 10));
  });

  test('show only the environment variables that are requested', async () => {
    await start('kubelet', { env: { KUBELET_CONFIG_DROPIN_DIR_ALPHA: 'a=b', TOKEN: 'secret' } });
    const search = { ...isComponent, variables: ['KUBELET_CONFIG_DROPIN_DIR_ALPHA', 'NONE'] };
    const [found] = startedProcesses(listProcesses('/', search));
    expect(found?.variables).toStrictEqual(new Map([['KUBELET_CONFIG_DROPIN_DIR_ALPHA', 'a=b']]));
    expect(startedProcesses()[0]?.variables).toStrictEqual(new Map());
  });

  test('have relative paths resolved in their working directory', async () => {
    mkdirSync(join(folder, 'work'));
    writeFileSync(join(folder, 'work/kubelet.yaml'), 'text');
    const files = openProcess('/', await startKubelet({ cwd: join(folder, 'work') }));
    if ('state' in files) throw new Error(files.problem.message);
    for (const path of ['kubelet.yaml', '../work/kubelet.yaml', join(folder, 'work/kubelet.yaml')]) {
      expect(files.readFile(path)).toStrictEqual({ state: 'read', text: 'text' });
    }
    files.close();
  });

  test('list what a user who is not root cannot read', async () => {
    await start('kubelet', { env: { A: 'b' } });
    const pid = children[0]?.pid;
    const { found, files } = asOther(() => {
      const list = listProcesses('/', { ...isComponent, variables: ['A'] });
      const found = list.processes.find((each) => each.pid === pid);
      return { found, files: found && openProcess('/', found) };
    });
    const isSameUser = process.geteuid?.() !== 0;
    expect(found?.argv[0]).toBe(join(folder, 'kubelet'));
    expect(found?.problems).toStrictEqual(
      isSameUser
        ? []
        : [
            {
              code: 'forbidden',
              message: `this user cannot read exe, cwd, root, environ of process ${pid}, so that its files are unknown: run as root`,
            },
          ],
    );
    if (!isSameUser) expect(files).toMatchObject({ state: 'unreadable', problem: { code: 'forbidden' } });
  });

  test('that have ended give no files, nor do others with the same process id', async () => {
    const found = await startKubelet();
    expect(openProcess('/', { ...found, startTicks: found.startTicks - 1 })).toMatchObject({
      problem: { code: 'not-found', message: expect.stringContaining('has ended') },
    });
    const files = openProcess('/', found);
    for (const child of children) await stop(child);
    if ('state' in files) throw new Error(files.problem.message);
    expect(files.readFile('/none')).toMatchObject({ state: 'unreadable', problem: { code: 'not-found' } });
    expect(files.readStaticPods('/')).toMatchObject({ state: 'unreadable', problem: { code: 'not-found' } });
    files.close();
    expect(openProcess('/', found)).toMatchObject({ state: 'unreadable', problem: { code: 'not-found' } });
    expect(startedProcesses()).toStrictEqual([]);
  });

  test('that end during the scan are left out', async () => {
    const pid = await start('kubelet');
    let asked = 0;
    const wanted = ({ exe }: ProcessName): boolean => {
      if (exe !== join(folder, 'kubelet')) return false;
      asked += 1;
      process.kill(pid, 'SIGKILL');
      // the process is dead before more of it is read
      while (!/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1')));
      return true;
    };
    expect(listProcesses('/', { wanted })).toStrictEqual({ processes: [], problems: [] });
    expect(asked).toBe(1);
  });

  test('can start and end by the hundred', async () => {
    copyFileSync('/bin/sh', join(folder, 'kubelet'));
    const storm = spawn('/bin/sh', ['-c', `for i in $(seq 200); do ${join(folder, 'kubelet')} -c : & done; wait`]);
    children.push(storm);
    const ended = once(storm, 'exit').then(() => true);
    for (let over = false; !over;) {
      expect(listProcesses('/', isComponent).problems).toStrictEqual([]);
      over = await Promise.race([ended, new Promise<boolean>((resolve) => setImmediate(resolve, false))]);
    }
  });
});

describe('a copy of a host', () => {
  function put(path: string, content: string): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }

  function process(pid: number, argv: string, { parent = 1, ticks = 150 } = {}): void {
    put(`proc/${pid}/cmdline`, argv);
    put(`proc/${pid}/stat`, `${pid} (a) b (c) S ${parent} ${'0 '.repeat(17)}${ticks} 0 0\n`);
  }

  const list = (): ProcessList => listProcesses(folder, isComponent);

  test('shows its processes, with files below its root', () => {
    put('proc/stat', 'cpu 1\nbtime 1000\n');
    put('etc/kubelet.yaml', 'outer');
    put('container/etc/kubelet.yaml', 'inner');
    process(7, 'kubelet\0--config=etc/kubelet.yaml\0');
    process(8, 'kubelet\0');
    symlinkSync('/container', join(folder, 'proc/8/root'));
    symlinkSync('/container/etc', join(folder, 'proc/8/cwd'));
    symlinkSync('/usr/bin/kubelet (deleted)', join(folder, 'proc/8/exe'));
    const { processes, problems } = list();
    expect(problems).toStrictEqual([]);
    expect(processes).toMatchObject([
      { pid: 7, argv: ['kubelet', '--config=etc/kubelet.yaml'], startedAt: new Date(1_002_500), problems: [] },
      { pid: 8, exe: '/usr/bin/kubelet (deleted)', problems: [] },
    ]);
    const read = processes.map((found) => {
      const files = openProcess(folder, found);
      if ('state' in files) throw new Error(files.problem.message);
      const texts = ['/etc/kubelet.yaml', 'etc/kubelet.yaml', 'kubelet.yaml', '../../../etc/kubelet.yaml'].map((path) =>
        files.readFile(path),
      );
      files.close();
      return texts.map((content) => (content.state === 'read' ? content.text : content.state));
    });
    expect(read).toStrictEqual([
      ['outer', 'outer', 'missing', 'outer'],
      ['inner', 'missing', 'inner', 'inner'],
    ]);
  });

  test('cuts arguments that are too long, and reports that', () => {
    process(7, `kubelet\0${'--v=2\0'.repeat(400_000)}`);
    const [found] = list().processes;
    expect(found?.cut).toBe(true);
    expect(found?.argv.at(-1)).toBe('--v=2');
    expect(found?.problems).toMatchObject([{ code: 'too-large' }]);
  });

  test('cuts argument lists of more than 50,000 arguments', () => {
    process(7, `kubelet\0${'x\0'.repeat(49_999)}`);
    process(8, `kubelet\0${'x\0'.repeat(50_000)}`);
    expect(list().processes.map(({ argv, cut }) => [argv.length, cut])).toStrictEqual([
      [50_000, false],
      [50_000, true],
    ]);
  });

  test('reads the arguments of a process after many with long ones, which are cut', () => {
    for (let pid = 1; pid <= 20; pid += 1) process(pid, `kubelet\0--x=${'x'.repeat(2_000_000)}\0`, { parent: 0 });
    process(30, 'kubelet\0--v=2\0');
    const { processes, problems } = list();
    expect(problems).toStrictEqual([]);
    expect(processes.at(-1)).toMatchObject({ pid: 30, argv: ['kubelet', '--v=2'], cut: false });
    expect(processes.map(({ cut }) => cut)).toStrictEqual([...Array.from({ length: 20 }, (_, at) => at >= 9), false]);
  });

  test('gives at most 500 processes, and a problem if there are more', () => {
    for (let pid = 1; pid <= 600; pid += 1) process(pid, 'kubelet\0', { parent: 0 });
    const { processes, problems } = list();
    expect(processes.map(({ pid }) => pid)).toStrictEqual(Array.from({ length: 500 }, (_, at) => at + 1));
    expect(problems).toMatchObject([{ problem: { code: 'too-large' } }]);
  });

  test('leaves out a process between fork and exec', () => {
    process(10, 'kubelet\0--v=2\0');
    process(11, 'kubelet\0--v=2\0', { parent: 10 });
    process(12, 'kubelet\0--v=3\0', { parent: 10 });
    expect(list().processes.map(({ pid }) => pid)).toStrictEqual([10, 12]);
  });

  test('distinguishes a process title from arguments', () => {
    process(10, 'kubelet --config=/x');
    process(11, '/usr/local/bin/k3s server\0\0\0\0');
    process(12, '');
    expect(list().processes.map(({ argv }) => argv)).toStrictEqual([
      ['kubelet --config=/x'],
      ['/usr/local/bin/k3s server', '', '', ''],
    ]);
  });

  test('opens only regular files', () => {
    mkdirSync(join(folder, 'proc/7/cmdline'), { recursive: true });
    put('proc/8/x', '');
    symlinkSync('/dev/zero', join(folder, 'proc/8/cmdline'));
    process(9, 'kubelet\0');
    const { processes, problems } = list();
    expect(processes.map(({ pid }) => pid)).toStrictEqual([9]);
    expect(problems).toMatchObject([
      { problem: { code: 'forbidden', message: expect.stringMatching(/^2 processes/) } },
    ]);
  });

  test('without processes is a problem', () => {
    expect(list().problems).toMatchObject([{ problem: { code: 'not-found' } }]);
    mkdirSync(join(folder, 'proc'));
    expect(list()).toMatchObject({ processes: [], problems: [{ problem: { code: 'not-found' } }] });
  });
});
