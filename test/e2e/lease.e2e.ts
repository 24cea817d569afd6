import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { LEASE_DURATION } from '../../src/sweeper/lease-record.ts';
import { succeeded } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { startProgram, type Program } from './support/programs.ts';
import { addAccount } from './support/rights.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(180_000);

const ELECTOR = fileURLToPath(new URL('./lease-elector.ts', import.meta.url));
const LEASE = '/apis/coordination.k8s.io/v1/namespaces/kubelet-guard/leases/kubelet-guard';
const LEASE_RIGHTS = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
];

interface Change {
  readonly at: number;
  readonly state: 'leading' | 'following' | 'lost';
  readonly code?: string;
}

describeWith({ assets: ['etcd', 'kube-apiserver'] }, 'processes in a leader election', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let kubeconfig: string;
  let started = 0;
  const all: Program[] = [];
  /** When each process was killed, which it could not log itself. */
  const killed = new Map<Program, number>();

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    kubeconfig = await addAccount(plane, 'elector', LEASE_RIGHTS);
    start();
    start();
    await leader();
  }, 120_000);
  afterAll(() => cleanup.run(), 60_000);

  function start(): void {
    started += 1;
    const name = `elector-${started}`;
    all.push(startProgram(cleanup, { name, dir: plane.dir, command: [process.execPath, ELECTOR, kubeconfig, name] }));
  }

  function changesOf(program: Program): Change[] {
    const lines = program.log().split('\n').slice(0, -1);
    return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Change);
  }

  function running(): Program[] {
    return all.filter((program) => program.exit() === undefined);
  }

  /** The process that leads, once all the others follow it. */
  function leader(): Promise<Program> {
    const probe = (): Program | undefined => {
      const states = running().map((program) => changesOf(program).at(-1)?.state);
      const leads = running().filter((_, index) => states[index] === 'leading');
      const follows = states.filter((state) => state === 'following');
      return leads.length === 1 && follows.length === states.length - 1 ? leads[0] : undefined;
    };
    const context = (): string => all.map((program) => program.tail()).join('\n');
    return eventually('one of them to lead', probe, { within: 60_000, context });
  }

  interface LeaseSpec {
    readonly holderIdentity: string;
    readonly renewTime: string;
  }

  async function stored(): Promise<LeaseSpec> {
    return (succeeded(await plane.admin.get(LEASE)).body as { readonly spec: LeaseSpec }).spec;
  }

  /** When the Lease was last renewed, in milliseconds since 1970. */
  async function renewed(): Promise<number> {
    return Date.parse((await stored()).renewTime);
  }

  /** Measures, from now on, for how many milliseconds this process and the API server were late. */
  function lateness(): () => number {
    let late = 0;
    let isOver = false;
    const measure = async () => {
      while (!isOver) {
        const began = performance.now();
        await pause(100);
        await renewed().catch(() => undefined);
        late += performance.now() - began - 100;
      }
    };
    void measure();
    return () => {
      isOver = true;
      return late;
    };
  }

  /** Waits until the Lease names the process that leads. */
  function isNamed(): Promise<true> {
    return eventually('the Lease to name the leader', async () =>
      (await stored()).holderIdentity === (await leader()).name ? true : undefined,
    );
  }

  /** The times in which each process led, by their shared clock. */
  function reigns(): { readonly who: string; readonly from: number; readonly to: number }[] {
    return all
      .flatMap((program) => {
        const changes = changesOf(program);
        return changes.flatMap(({ at, state }, index) => {
          const to = changes[index + 1]?.at ?? killed.get(program) ?? Date.now();
          return state === 'leading' ? [{ who: program.name, from: at, to }] : [];
        });
      })
      .sort((a, b) => a.from - b.from);
  }

  test('one leads, and if it is killed another leads within 20 s', async () => {
    await isNamed();
    const first = await leader();
    first.kill('SIGKILL');
    killed.set(first, Date.now());
    await first.ended;
    const last = await renewed();
    const late = lateness();
    const second = await leader();
    const took = (changesOf(second).at(-1)?.at ?? NaN) - last;
    // what the machine and the API server are late does not count
    expect(took).toBeLessThan(20_000 + late());
    // the two processes read the clock in whole milliseconds
    expect(took).toBeGreaterThan(LEASE_DURATION - 10);
    await isNamed();
    start();
    await leader();
  });

  test('if the leader stops, another leads at once', async () => {
    const first = await leader();
    const last = await renewed();
    first.kill('SIGTERM');
    expect((await first.ended).code).toBe(0);
    const second = await leader();
    const took = (changesOf(second).at(-1)?.at ?? NaN) - last;
    // it did not wait until the Lease expired
    expect(took).toBeLessThan(LEASE_DURATION);
    start();
    await leader();
  });

  test('a restart of the API server needs no restart of the processes', async () => {
    const before = running();
    await plane.restart();
    await leader();
    expect(running()).toStrictEqual(before);
    await isNamed();
  });

  test('one leads again after etcd was gone for longer than a lease lasts', async () => {
    const before = running();
    await plane.etcd.stop();
    const isLost = (program: Program): boolean => changesOf(program).at(-1)?.state === 'lost';
    await eventually('all to have lost the Lease', () => (before.every(isLost) ? true : undefined), { within: 60_000 });
    await plane.etcd.start();
    await leader();
    expect(running()).toStrictEqual(before);
    await isNamed();
  });

  test('no two processes led at the same time', () => {
    const times = reigns();
    expect(times.length).toBeGreaterThanOrEqual(4);
    const overlaps = times.filter(({ from }, index) => from < (times[index - 1]?.to ?? 0));
    expect(overlaps).toStrictEqual([]);
  });
});
