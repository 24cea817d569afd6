import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { servingIdentity, type CertificateOptions } from '../../../src/commands/serve/certificates.ts';
import { developmentCertificates } from '../../../src/runtime/certificates/development.ts';
import { createLog } from '../../../src/runtime/log.ts';
import { Lines } from '../../support/admission.ts';

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-identity-'));
  await developmentCertificates(folder, new Date());
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function identity(options: CertificateOptions, expiries: Date[] = []) {
  return servingIdentity(options, {
    developmentFolder: undefined,
    cluster: undefined,
    log: createLog('silent', new Lines()),
    metrics: { expires: (at) => expiries.push(at), reloaded: () => undefined },
    now: () => new Date(),
    every: 2 ** 30,
    signal: new AbortController().signal,
  });
}

describe('flags that contradict each other are rejected', () => {
  const tlsCertFile = 'x';
  test.each([
    [{ tlsCertFile }, '--tls-cert-file and --tls-private-key-file need each other'],
    [{ tlsPrivateKeyFile: 'x', tlsSecret: 'y' }, '--tls-secret and --tls-cert-file exclude each other'],
    [{ tlsService: 'x' }, '--tls-service needs --tls-secret'],
    [{ tlsSecret: 'x' }, '--tls-secret needs a cluster: pass --kubeconfig'],
  ])('%j', async (options, words) => {
    await expect(identity(options)).rejects.toThrow(words);
  });
});

test('with --client-ca-file clients need a certificate, and the expiry metric is set from the start', async () => {
  const files = { tlsCertFile: join(folder, 'tls.crt'), tlsPrivateKeyFile: join(folder, 'tls.key') };
  const expiries: Date[] = [];
  const open = await identity(files, expiries);
  expect([open.current().clientCA, expiries]).toEqual([undefined, [open.expires()]]);
  const closed = await identity({ ...files, clientCaFile: join(folder, 'ca.crt') });
  expect(closed.current().clientCA).toContain('BEGIN CERTIFICATE');
  await expect(identity({ ...files, clientCaFile: join(folder, 'tls.key') })).rejects.toThrow('holds no CA');
});
