import { TLSSocket } from 'node:tls';
import { readFileSync } from 'node:fs';

import { afterEach, describe, expect, test } from '@jest/globals';

import { ApiFault } from '../../../src/kube/api.ts';
import { configzEvidence, type ConfigzOptions } from '../../../src/evidence/configz/configz.ts';
import type { RawDocument } from '../../../src/policy/document.ts';
import type { Problem } from '../../../src/policy/reading.ts';
import { Authority } from '../../e2e/support/pki.ts';
import { authority, issue, serve, stopServers } from '../../support/https-server.ts';

afterEach(stopServers);

const body = readFileSync('test/fixtures/live-v1.37.2/configz-client-ca.json', 'utf8');
const { certificate: cert, key } = issue({ name: 'admin' });
const missing = (status: number | undefined) => ({
  token: () => Promise.reject(new ApiFault('no token of x', status)),
  refused: () => false,
});

/** A kubelet that answers only callers whose certificate it accepts, with their name. */
async function kubelet(status = 200, callers = authority.certificate) {
  const seen: string[] = [];
  const server = await serve(
    issue({ addresses: ['127.0.0.1'] }),
    ({ socket, headers }, response) => {
      const tls = socket instanceof TLSSocket ? socket : undefined;
      seen.push(
        `${tls?.authorized ? String(tls.getPeerCertificate().subject.CN) : 'nobody'} ${headers.authorization ?? '-'}`,
      );
      response.writeHead(tls?.authorized ? status : 401).end(body);
    },
    callers,
  );
  return { ...server, seen };
}

interface Asked {
  readonly answer: RawDocument;
  readonly unverified: readonly string[];
  readonly reasons: readonly string[];
}

async function ask(port: number, options: Partial<ConfigzOptions> = {}): Promise<Asked> {
  const unverified: string[] = [];
  const reasons: string[] = [];
  const evidence = configzEvidence({
    tokens: missing(404),
    certificate: () => Promise.resolve({ cert, key }),
    clusterCA: authority.certificate,
    unverified: ({ name }) => unverified.push(name),
    withoutToken: (reason) => reasons.push(reason),
    timeout: 5000,
    ...options,
  });
  const node = { name: 'node-1', uid: 'u1', address: '127.0.0.1', port };
  return { answer: await evidence.ask(node, new AbortController().signal), unverified, reasons };
}

function problemOf({ answer }: Asked): Problem | undefined {
  return answer.form === 'unanswered' ? answer.problem : undefined;
}

describe('the client certificate of the kubeconfig', () => {
  test.each([404, 403])(
    'is shown to the kubelet if no token can be had (%d), and the reason is reported',
    async (status) => {
      const { port, seen } = await kubelet();

      const asked = await ask(port, { tokens: missing(status) });

      expect(asked.answer).toMatchObject({ form: 'configz', source: { node: 'node-1', via: 'configz' } });
      expect({ seen, ...asked }).toMatchObject({ seen: ['admin -'], unverified: [], reasons: ['no token of x'] });
    },
  );

  test('is not shown while the account is there, or the API server fails', async () => {
    const { port, seen } = await kubelet();
    await ask(port, { tokens: { token: () => Promise.resolve('secret'), refused: () => false } });
    expect(seen).toEqual(['nobody Bearer secret']);

    expect(problemOf(await ask(port, { tokens: missing(undefined) }))?.code).toBe('unreachable');
    expect(seen).toHaveLength(1);
  });

  test('is not needed: without one the reason is the missing token', async () => {
    const { port, seen } = await kubelet();
    for (const certificate of [undefined, () => Promise.resolve(undefined), () => Promise.reject(new Error('no'))]) {
      expect(problemOf(await ask(port, { certificate }))).toMatchObject({
        code: 'not-found',
        message: 'no token of x',
      });
    }
    expect(seen).toEqual([]);
  });

  test('of a CA that the kubelet does not accept leaves it unknown, and what to do is said', async () => {
    const { port } = await kubelet(200, new Authority('other').certificate);
    expect(problemOf(await ask(port))).toMatchObject({
      code: 'unauthorized',
      message: expect.stringMatching(/did not accept the client certificate of the kubeconfig.*apply the manifests/),
    });
  });

  test('of a user without rights leaves it unknown, and names the right', async () => {
    const { port } = await kubelet(403);
    expect(problemOf(await ask(port))).toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('get nodes/configz'),
    });
  });

  test('is not shown to a server that does not verify with a configured CA, or is another node', async () => {
    const { port, seen } = await kubelet();
    const other = new Authority('other').certificate;
    expect(problemOf(await ask(port, { ca: other }))?.code).toBe('tls');
    expect(seen).toEqual([]);
  });
});
