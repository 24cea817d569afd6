import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { controls } from '../../../src/controls/index.ts';
import { loadConfiguration, type GuardConfiguration } from '../../../src/runtime/configuration/configuration.ts';
import { createLog } from '../../../src/runtime/log.ts';
import { createMetrics } from '../../../src/runtime/metrics/metrics.ts';
import { createReloader, type Reloader } from '../../../src/runtime/configuration/reload.ts';
import { Lines } from '../../support/admission.ts';

const HEAD = 'apiVersion: kubelet-guard.dev/v1alpha1\nkind: GuardConfiguration\n';
const AUDIT = `${HEAD}controls: { kubelet-client-ca: { action: audit } }\n`;
const ENFORCE = `${HEAD}controls: { kubelet-client-ca: { action: enforce } }\n`;
const RELOADED = 'the configuration is reloaded';
const REJECTED = 'the configuration file has faults; the previous configuration stays in use';
const EXPIRED = 'exemptions have expired and no longer apply: renew or remove them';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-reload-'));
  path = join(folder, 'guard.yaml');
  writeFileSync(path, AUDIT);
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

interface Watched extends Reloader {
  readonly lines: Lines;
  readonly action: () => string | undefined;
  /** Polls twice, so that the current content has been read twice. */
  readonly settle: () => Promise<void>;
  readonly counts: () => Promise<readonly [success: number, failure: number]>;
  readonly metric: (name: string) => Promise<string | undefined>;
  readonly reloaded: GuardConfiguration[];
  readonly messages: () => unknown[];
}

function watch(file: string = path, now: () => Date = () => new Date()): Watched {
  const lines = new Lines();
  const metrics = createMetrics('1.2.3', []);
  const reloaded: GuardConfiguration[] = [];
  const reloader = createReloader({
    initial: loadConfiguration(file === '' ? undefined : file, controls),
    controls,
    log: createLog('info', lines),
    metrics: metrics.configuration,
    now,
    onReload: (configuration) => reloaded.push(configuration),
  });
  const [control] = controls.filter(({ slug }) => slug === 'kubelet-client-ca');
  const metric = async (name: string): Promise<string | undefined> =>
    (await metrics.text())
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length + 1);
  const reloads = async (result: string) =>
    Number(await metric(`kubelet_guard_config_reloads_total{result="${result}"}`));
  return {
    ...reloader,
    lines,
    reloaded,
    metric,
    action: () => control && reloader.current().policy.action(control, 'pod'),
    settle: async () => {
      await reloader.poll();
      await reloader.poll();
    },
    counts: async () => [await reloads('success'), await reloads('failure')],
    messages: () => lines.entries.map(({ msg }) => msg),
  };
}

describe('a changed file', () => {
  test('is used when two polls have read the same, and one log line lists the differences', async () => {
    const { action, poll, settle, lines, counts, reloaded } = watch();
    await settle();
    expect([action(), await counts(), lines.entries]).toStrictEqual(['audit', [0, 0], []]);

    writeFileSync(path, `${ENFORCE}onUnknown: deny\nnamespaces: [kube-system, other]\n`);
    await poll();
    expect(action()).toBe('audit');
    await poll();
    expect([action(), await counts()]).toStrictEqual(['enforce', [1, 0]]);
    expect(reloaded).toHaveLength(1);
    expect(reloaded[0]?.namespaces).toStrictEqual(new Set(['kube-system', 'other']));
    expect(lines.entries).toMatchObject([
      {
        level: 'info',
        msg: RELOADED,
        path,
        count: 9,
        changes: expect.arrayContaining([
          'kubelet-client-ca on pod: audit -> enforce',
          'onUnknown: audit -> deny',
          'namespaces: kube-system -> kube-system, other',
        ]),
      },
    ]);
    await settle();
    expect(lines.entries).toHaveLength(1);
  });

  test('that is only touched is not reloaded', async () => {
    const { settle, lines } = watch();
    utimesSync(path, new Date(0), new Date(0));
    await settle();
    expect(lines.entries).toStrictEqual([]);
  });

  test('is noticed even if its length and times stay the same', async () => {
    const text = `${HEAD}onUnknown: deny #\n`;
    writeFileSync(path, text);
    utimesSync(path, new Date(0), new Date(0));
    const { current, settle } = watch();
    await settle();
    writeFileSync(path, text.replace('deny #', 'audit '));
    utimesSync(path, new Date(0), new Date(0));
    await settle();
    expect(current().policy.onUnknown).toBe('audit');
  });

  test('is noticed long after the file was last touched, when it is only looked at', async () => {
    const watched = watch(path, () => new Date(Date.now() + 3_600_000));
    await watched.settle();
    await watched.settle();
    expect(watched.action()).toBe('audit');

    writeFileSync(path, ENFORCE);
    await watched.settle();
    expect(watched.action()).toBe('enforce');
    rmSync(path);
    await watched.settle();
    writeFileSync(path, AUDIT);
    await watched.settle();
    expect(watched.action()).toBe('audit');
  });

  test('logs exemptions that are added, removed, and changed', async () => {
    const exemption = (name: string, expires: string, reason = 'ticket 4711') =>
      `  - { control: kubelet-client-ca, subject: node/${name}, reason: '${reason}', expires: ${expires} }\n`;
    writeFileSync(path, `${AUDIT}exemptions:\n${exemption('a', '2999-01-01')}${exemption('b', '2999-01-01')}`);
    const { settle, lines, current } = watch();
    const changed = `${exemption('a', '2999-01-02', 'ticket 4712')}${exemption('c', '2999-01-01')}`;
    writeFileSync(path, `${AUDIT}exemptions:\n${changed}sweep: { interval: 1h }\n`);
    await settle();
    expect(lines.entries).toMatchObject([
      {
        msg: RELOADED,
        changes: [
          'exemption of node/a from kubelet-client-ca: until 2999-01-01 -> until 2999-01-02',
          'exemption of node/a from kubelet-client-ca: reason changed',
          'exemption of node/c from kubelet-client-ca until 2999-01-01: added',
          'exemption of node/b from kubelet-client-ca: removed',
          'sweep.interval: 10m -> 1h',
        ],
      },
    ]);
    expect(current().policy.exemptions).toHaveLength(2);
  });
});

describe('a file that is replaced', () => {
  test('by a rename is reloaded', async () => {
    const { action, settle } = watch();
    await settle();
    writeFileSync(`${path}.new`, ENFORCE);
    renameSync(`${path}.new`, path);
    await settle();
    expect(action()).toBe('enforce');
  });

  test('by the symlink swap of a mounted ConfigMap is reloaded', async () => {
    const mount = join(folder, 'mount');
    const version = (name: string, text: string): void => {
      mkdirSync(join(mount, name));
      writeFileSync(join(mount, name, 'guard.yaml'), text);
      symlinkSync(name, join(mount, '..data_tmp'));
      renameSync(join(mount, '..data_tmp'), join(mount, '..data'));
    };
    mkdirSync(mount);
    version('..2026_01', AUDIT);
    symlinkSync('..data/guard.yaml', join(mount, 'guard.yaml'));
    const { action, settle, counts } = watch(join(mount, 'guard.yaml'));
    await settle();

    version('..2026_02', ENFORCE);
    rmSync(join(mount, '..2026_01'), { recursive: true });
    await settle();
    expect([action(), await counts()]).toStrictEqual(['enforce', [1, 0]]);
    expect(readdirSync(mount)).toContain('..data');

    version('..2026_03', `${ENFORCE}nope: 1\n`);
    await settle();
    version('..2026_04', AUDIT);
    await settle();
    expect([action(), await counts()]).toStrictEqual(['audit', [2, 1]]);
  });

  test('by removing it is rejected, and reloaded when it exists again', async () => {
    const { action, settle, counts, lines, metric } = watch();
    rmSync(path);
    await settle();
    await settle();
    expect([action(), await counts()]).toStrictEqual(['audit', [0, 1]]);
    expect(await metric('kubelet_guard_config_last_reload_successful')).toBe('0');
    const fault = `cannot read the configuration ${path} (ENOENT): check its path and mode`;
    expect(lines.entries).toMatchObject([{ level: 'error', msg: REJECTED, faults: [fault] }]);
    writeFileSync(path, ENFORCE);
    await settle();
    expect([action(), await counts()]).toStrictEqual(['enforce', [1, 1]]);
    expect(await metric('kubelet_guard_config_last_reload_successful')).toBe('1');
  });

  test('between two polls with the same content is not reloaded', async () => {
    const { settle, lines } = watch();
    await settle();
    rmSync(path);
    writeFileSync(path, AUDIT);
    await settle();
    expect(lines.entries).toStrictEqual([]);
  });

  test('in many writes is never used or rejected while it is incomplete', async () => {
    const { action, poll, settle, messages, counts } = watch();
    await settle();
    // each write changes the file; some of these contents are valid, with another meaning
    const text = `${ENFORCE}onUnknown: deny\nexemptions: []\n`;
    for (let length = 0; length < text.length; length += 1) {
      writeFileSync(path, text.slice(0, length));
      await poll();
    }
    expect([action(), await counts(), messages()]).toStrictEqual(['audit', [0, 0], []]);
    writeFileSync(path, text);
    await settle();
    expect([action(), await counts()]).toStrictEqual(['enforce', [1, 0]]);
  });
});

describe('a bad file', () => {
  test('is rejected once, with all faults, and the next valid file is used', async () => {
    const { action, settle, lines, counts } = watch();
    const bad = `${ENFORCE}nope: 1\nonUnknown: maybe\n`;
    writeFileSync(path, bad);
    await settle();
    await settle();
    expect([action(), await counts()]).toStrictEqual(['audit', [0, 1]]);
    expect(lines.entries).toMatchObject([
      {
        level: 'error',
        msg: REJECTED,
        path,
        faults: [
          expect.stringMatching(/^.*guard\.yaml:4:1: the configuration has no key "nope"/),
          expect.stringMatching(/^.*guard\.yaml:5:12: onUnknown must be one of audit, deny/),
        ],
      },
    ]);
    writeFileSync(path, 'kind: [');
    await settle();
    writeFileSync(path, ENFORCE);
    await settle();
    expect([action(), await counts()]).toStrictEqual(['enforce', [1, 2]]);
  });

  test('that gets its old content back is valid again, which is logged', async () => {
    const { action, settle, lines, counts } = watch();
    writeFileSync(path, 'bad');
    await settle();
    writeFileSync(path, AUDIT);
    await settle();
    expect([action(), await counts()]).toStrictEqual(['audit', [1, 1]]);
    expect(lines.entries[1]).toMatchObject({ level: 'info', msg: RELOADED, count: 0, changes: [] });
    writeFileSync(path, 'bad');
    await settle();
    expect(await counts()).toStrictEqual([1, 2]);
  });

  test.each([
    [
      'huge',
      () => {
        truncateSync(path, 2 ** 30);
      },
      'is larger than 1 MiB',
    ],
    [
      'a folder',
      () => {
        rmSync(path);
        mkdirSync(path);
      },
      'is not a file: check the path',
    ],
    [
      'a link to itself',
      () => {
        rmSync(path);
        symlinkSync('guard.yaml', path);
      },
      '(ELOOP)',
    ],
    [
      'a FIFO, which is not opened',
      () => {
        rmSync(path);
        spawnSync('mkfifo', [path]);
      },
      'is not a file: check the path',
    ],
    [
      'empty',
      () => {
        writeFileSync(path, '');
      },
      'the configuration must be a map',
    ],
  ])('is rejected: %s', async (_name, spoil, fault) => {
    const { action, settle, lines } = watch();
    spoil();
    await settle();
    expect(action()).toBe('audit');
    expect(lines.entries).toMatchObject([{ msg: REJECTED, faults: [expect.stringContaining(fault)] }]);
  });
});

describe('polling', () => {
  test('reads the file only once at a time', async () => {
    const { poll } = watch();
    const first = poll();
    expect(poll()).toBe(first);
    await first;
  });

  test('without a file reads nothing', async () => {
    rmSync(path);
    const { settle, lines, counts, metric } = watch('');
    await settle();
    expect([lines.entries, await counts()]).toStrictEqual([[], [0, 0]]);
    expect(await metric('kubelet_guard_exemptions{state="active"}')).toBe('0');
  });

  test('continues until it is stopped', async () => {
    const { start, action, lines } = watch();
    writeFileSync(path, ENFORCE);
    const stop = start(1);
    while (lines.text === '') await new Promise((resolve) => setImmediate(resolve));
    stop();
    expect(action()).toBe('enforce');
  });
});

describe('exemptions that expire', () => {
  const exemption = (name: string, expires: string): string =>
    `  - { control: kubelet-client-ca, subject: node/${name}, reason: 'ticket 4711', expires: ${expires} }\n`;
  const expired = (...names: string[]) => ({
    level: 'warn',
    msg: EXPIRED,
    count: names.length,
    exemptions: names.map((name) => ({ control: 'kubelet-client-ca', subject: `node/${name}` })),
  });

  test('are warned about at the start, when the day passes, and at a reload, and counted', async () => {
    let today = '2027-01-30';
    const days = ['2027-01-29', '2027-01-30', '2027-01-31'];
    const list = days.map((day, index) => exemption('abc'.charAt(index), day)).join('');
    writeFileSync(path, `${AUDIT}exemptions:\n${list}`);
    const { poll, settle, lines, metric } = watch(path, () => new Date(`${today}T12:00:00Z`));
    const states = async () => [
      await metric('kubelet_guard_exemptions{state="active"}'),
      await metric('kubelet_guard_exemptions{state="expired"}'),
    ];
    expect(lines.entries).toMatchObject([expired('a')]);
    expect(await states()).toStrictEqual(['2', '1']);
    await poll();
    expect(lines.entries).toHaveLength(1);

    today = '2027-01-31';
    expect(await states()).toStrictEqual(['1', '2']);
    await poll();
    await poll();
    expect(lines.entries).toMatchObject([expired('a'), expired('b')]);

    today = '2027-02-03';
    await poll();
    expect(lines.entries.slice(2)).toMatchObject([expired('c')]);
    expect(await states()).toStrictEqual(['0', '3']);

    writeFileSync(path, `${AUDIT}exemptions:\n${list}${exemption('d', '2027-02-03')}`);
    await settle();
    expect(lines.entries.slice(3)).toMatchObject([{ msg: RELOADED }, expired('a', 'b', 'c')]);
    expect(await states()).toStrictEqual(['1', '3']);
  });

  test('do not fill the log, however many they are', () => {
    const many = Array.from({ length: 1000 }, (_, index) => exemption(`n${index}`, '2027-01-01')).join('');
    writeFileSync(path, `${AUDIT}exemptions:\n${many}`);
    const { lines } = watch(path, () => new Date('2027-02-01'));
    expect(lines.entries).toMatchObject([{ msg: EXPIRED, count: 1000 }]);
    expect(lines.text.length).toBeLessThan(4096);
  });
});
