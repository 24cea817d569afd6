import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { followAuthorities, followCertificates } from '../../../src/runtime/certificates/files.ts';
import { issueAuthority, type KeyPair } from '../../../src/runtime/certificates/issue.ts';
import { createLog } from '../../../src/runtime/log.ts';
import { Lines } from '../../support/admission.ts';

const DAY = 24 * 60 * 60 * 1000;
const START = Date.parse('2026-11-23T12:00:00Z');
const REJECTED = 'certificate files are not valid; the previous certificates stay in use';
const RELOADED = 'certificate files reloaded';
const LATE = 'the serving certificate expires soon or has expired, and was not renewed: see docs/certificates.md';

let folder: string;
let now: number;
let first: KeyPair;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-files-'));
  now = START;
  first = await pair();
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function pair(from = 0, to = 90): Promise<KeyPair> {
  return issueAuthority('x', { notBefore: new Date(START + from * DAY), notAfter: new Date(START + to * DAY) });
}

function write({ certificate, key }: KeyPair, into = folder): void {
  writeFileSync(join(into, 'tls.crt'), certificate);
  writeFileSync(join(into, 'tls.key'), key);
}

async function follow() {
  const lines = new Lines();
  const results: string[] = [];
  const received: string[] = [];
  const files = { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key') };
  const source = await followCertificates(files, {
    log: createLog('info', lines),
    metrics: { reloaded: (result) => results.push(result) },
    now: () => new Date(now),
    every: 2 ** 30,
  });
  source.start(({ certificate }) => received.push(certificate));
  await source.stop();
  const settle = async () => {
    await source.poll();
    await source.poll();
  };
  return { source, results, received, settle, lines, messages: () => lines.entries.map(({ msg }) => msg) };
}

describe('a pair of files', () => {
  test('is used once both files are unchanged between two reads', async () => {
    write(first);
    const { source, results, received, settle } = await follow();
    await settle();
    expect(received).toEqual([]);

    const next = await pair();
    writeFileSync(join(folder, 'tls.crt'), next.certificate);
    await source.poll();
    writeFileSync(join(folder, 'tls.key'), next.key);
    await source.poll();
    expect([source.current().certificate, results]).toEqual([first.certificate, []]);
    await source.poll();
    expect(source.current()).toMatchObject(next);
    expect([received, results]).toEqual([[next.certificate], ['success']]);
    await settle();
    expect(results).toEqual(['success']);
  });

  test('is reloaded when the kubelet swaps its symlinks', async () => {
    const next = await pair();
    for (const [version, material] of [
      ['..1', first],
      ['..2', next],
    ] as const) {
      mkdirSync(join(folder, version));
      write(material, join(folder, version));
    }
    symlinkSync('..1', join(folder, '..data'));
    for (const file of ['tls.crt', 'tls.key']) symlinkSync(join('..data', file), join(folder, file));
    const { source, settle } = await follow();
    symlinkSync('..2', join(folder, '..new'));
    renameSync(join(folder, '..new'), join(folder, '..data'));
    rmSync(join(folder, '..1'), { recursive: true });
    await settle();
    expect(source.current()).toMatchObject(next);
  });

  test('is rejected if its parts do not match, logged once for each content, and the previous pair stays in use', async () => {
    write(first);
    const { source, results, received, settle, lines } = await follow();
    for (let round = 0; round < 2; round += 1) {
      writeFileSync(join(folder, 'tls.key'), (await pair()).key);
      await settle();
      await settle();
    }
    rmSync(join(folder, 'tls.crt'));
    await settle();
    expect([source.current().certificate, received]).toEqual([first.certificate, []]);
    expect(results).toEqual(['failure', 'failure', 'failure']);
    expect(lines.entries.map(({ msg }) => msg)).toEqual([REJECTED, REJECTED, REJECTED]);
    expect(String(lines.entries[0]?.faults)).toContain('does not belong to the certificate');
    expect(lines.text).not.toContain('PRIVATE KEY');

    write(first);
    await settle();
    await settle();
    expect([results.at(-1), received]).toEqual(['success', [first.certificate]]);
  });

  test('is rejected before it is valid, and used when it becomes valid', async () => {
    write(first);
    const { source, messages, settle } = await follow();
    const next = await pair(1, 91);
    write(next);
    await settle();
    await settle();
    expect([source.current().certificate, messages()]).toEqual([first.certificate, [REJECTED]]);
    now = START + DAY;
    await source.poll();
    expect([source.current().certificate, messages()]).toEqual([next.certificate, [REJECTED, RELOADED]]);
  });

  test('is logged once a day while it expires soon', async () => {
    write(first);
    const { source, messages } = await follow();
    now = START + 67 * DAY;
    await source.poll();
    expect(messages()).toEqual([]);
    now = START + 68 * DAY;
    await source.poll();
    await source.poll();
    expect(messages()).toEqual([LATE]);
    now += DAY;
    await source.poll();
    expect(messages()).toEqual([LATE, LATE]);
  });

  test('that already expires soon at the start is logged then', async () => {
    write(first);
    now = START + 89 * DAY;
    expect((await follow()).messages()).toEqual([LATE]);
  });

  test('that cannot be used makes the start fail', async () => {
    await expect(follow()).rejects.toThrow('cannot read the certificate');
  });

  test('is read at intervals, until it is stopped', async () => {
    write(first);
    const metrics = { reloaded: () => undefined };
    const files = { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key') };
    const log = createLog('silent', new Lines());
    const source = await followCertificates(files, { log, metrics, now: () => new Date(now), every: 1 });
    const next = await pair();
    const taken = new Promise((resolve) => {
      source.start(resolve);
    });
    write(next);
    expect(await taken).toMatchObject(next);
    await source.stop();
  });
});

test('the client CAs are reloaded in the same way', async () => {
  const path = join(folder, 'ca.crt');
  writeFileSync(path, first.certificate);
  const results: string[] = [];
  const authorities = await followAuthorities(path, {
    log: createLog('silent', new Lines()),
    metrics: { reloaded: (result) => results.push(result) },
    now: () => new Date(now),
    every: 2 ** 30,
  });
  writeFileSync(path, 'x');
  await authorities.poll();
  await authorities.poll();
  expect(authorities.current()).toBe(first.certificate);
  const both = first.certificate + (await pair()).certificate;
  writeFileSync(path, both);
  await authorities.poll();
  await authorities.poll();
  expect([authorities.current(), results]).toEqual([both, ['failure', 'success']]);
  expect(readFileSync(path, 'utf8')).toBe(both);
});
