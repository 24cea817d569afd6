import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

import { describe, expect, test } from '@jest/globals';
import supertest from 'supertest';

import { MAX_BODY_BYTES } from '../../../src/webhook/http/body.ts';
import type { Validate } from '../../../src/webhook/validator.ts';
import { apiServerFinding, outcomes } from '../../support/findings.ts';
import { CONFIG_MAP, review, webhookWith } from '../../support/admission.ts';

const failing = apiServerFinding({ outcome: outcomes.fail });
const allow: Validate = () => ({ allowed: true, denied: [], warned: [], exempted: [], problems: [] });
const warn: Validate = () => ({
  allowed: true,
  denied: [],
  warned: [{ ...failing, reason: { action: 'audit' } }],
  exempted: [],
  problems: [],
});
const deny: Validate = () => ({
  allowed: false,
  denied: [{ ...failing, reason: { action: 'enforce' } }],
  warned: [],
  exempted: [],
  problems: [],
});
const crash: Validate = () => {
  throw new Error('a bug');
};

const MIB = 1024 * 1024;

function post(
  validate: Validate,
  body: string | object,
  type = 'application/json',
  onUnknown: 'audit' | 'deny' = 'deny',
) {
  const { app } = webhookWith(validate, onUnknown);
  return supertest(app).post('/validate?timeout=2s').set('content-type', type).send(body);
}

/** A review as text, with any text as its object. */
function withObject(object: string): string {
  return JSON.stringify(review({ object: '' })).replace('"object":""', () => `"object":${object}`);
}

describe('a review', () => {
  test.each([
    ['allowed', allow, { allowed: true, auditAnnotations: { decision: 'allow' } }],
    ['warned about', warn, { allowed: true, warnings: [expect.stringContaining('apiserver-kubelet-client-cert')] }],
    ['denied', deny, { allowed: false, status: { code: 403, reason: 'Forbidden' } }],
    ['not checked', () => undefined, { allowed: true, auditAnnotations: { decision: 'skip' } }],
  ] as const)('that is %s is answered with its uid', async (_name, validate, response) => {
    const answer = await post(validate, review());
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.headers).not.toHaveProperty('x-powered-by');
    expect(answer.headers).not.toHaveProperty('etag');
    expect(answer.body).toMatchObject({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: 'uid-1', ...response },
    });
  });

  test.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;x=y'])(
    'may come as %s',
    async (type) => {
      expect((await post(allow, JSON.stringify(review()), type)).status).toBe(200);
    },
  );

  test('may be as long as an API server can send', async () => {
    const fill = 'x'.repeat(MAX_BODY_BYTES - JSON.stringify(review({ object: { ...CONFIG_MAP, data: '' } })).length);
    const body = JSON.stringify(review({ object: { ...CONFIG_MAP, data: fill } }));
    expect(body).toHaveLength(MAX_BODY_BYTES);
    expect((await post(allow, body)).status).toBe(200);
  });

  test.each([
    ['too long', () => JSON.stringify(review({ object: { ...CONFIG_MAP, data: 'x'.repeat(MAX_BODY_BYTES) } }))],
    ['nested too deeply', () => withObject(`${'['.repeat(60_000)}${']'.repeat(60_000)}`)],
    ['of too many lists', () => withObject(`[${'[],'.repeat(2 * MIB)}[]]`)],
    ['of too many objects', () => withObject(`[${'{},'.repeat(2 * MIB)}{}]`)],
    ['of too many numbers', () => withObject(`[${'1,'.repeat(2 * MIB)}1]`)],
    ['of too many keys', () => withObject(`{${'"":0,'.repeat(2 * MIB)}"":0}`)],
    ['without an end', () => withObject('['.repeat(MAX_BODY_BYTES - 1000))],
  ])('that is %s is denied under onUnknown: deny, and warned about under audit, with its uid', async (_what, make) => {
    const body = make();
    const denied = await post(allow, body);
    expect(denied.body).toMatchObject({
      response: { uid: 'uid-1', allowed: false, status: { message: expect.stringContaining('not checked: the body') } },
    });
    const warned = await post(allow, body, 'application/json', 'audit');
    expect(warned.body).toMatchObject({
      response: { uid: 'uid-1', allowed: true, auditAnnotations: { decision: 'warn' } },
    });
    expect(JSON.stringify(warned.body)).toContain('not checked: the body');
  });

  test('is not denied because of brackets inside a string', async () => {
    const data = '[{,:"\\'.repeat(100_000);
    expect((await post(allow, review({ object: { ...CONFIG_MAP, data } }))).body).toMatchObject({
      response: { allowed: true },
    });
  });
});

describe('a call that is not a review', () => {
  test.each([
    ['an empty body', ''],
    ['half a brace', '{'],
    ['an array', '[]'],
    ['a review of v1beta1', JSON.stringify({ ...review(), apiVersion: 'admission.k8s.io/v1beta1' })],
    ['a review without a uid', JSON.stringify(review({ uid: undefined }))],
    ['a review without an object', JSON.stringify(review({ object: undefined }))],
    ['only prototype keys', '{"__proto__":{"request":{"uid":"x"}},"constructor":{"prototype":{}}}'],
    ['deep nesting', '{"a":'.repeat(200_000)],
    ['bytes that are not text', '\u0000\u0001'],
  ])('%s is rejected with a reason', async (_name, body) => {
    const answer = await post(allow, body);
    expect(answer.status).toBe(400);
    expect(answer.body).toStrictEqual({ reason: expect.any(String) });
  });

  test('a call without a body is rejected', async () => {
    const { app } = webhookWith(allow);
    const answer = await supertest(app).post('/validate').set('content-type', 'application/json');
    expect([answer.status, answer.body]).toStrictEqual([400, { reason: 'the body is empty' }]);
  });

  test.each(['text/plain', 'application/yaml', 'application/jsonp', 'multipart/form-data; boundary=x'])(
    'a body of %s is rejected',
    async (type) => {
      expect((await post(allow, JSON.stringify(review()), type)).status).toBe(415);
    },
  );

  test('a body without a content type is rejected', async () => {
    const { app } = webhookWith(allow);
    expect((await supertest(app).post('/validate')).status).toBe(415);
  });

  test('a body that is too long and does not begin as a review is rejected, and the client can read why', async () => {
    const answer = await post(allow, `{"request":{}}${' '.repeat(MAX_BODY_BYTES)}`);
    expect([answer.status, answer.body]).toStrictEqual([
      413,
      { reason: `the body is longer than ${MAX_BODY_BYTES} bytes` },
    ]);
  });

  test('a body without an end is rejected and cut off', async () => {
    const { app } = webhookWith(allow);
    const server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
    const outgoing = httpRequest({ port, host: '127.0.0.1', path: '/validate', method: 'POST', headers });
    const chunk = Buffer.alloc(MIB / 4, ' ');
    let sent = 0;
    const pump = (): void => {
      while (!outgoing.destroyed && sent < 1024 * MIB) {
        sent += chunk.length;
        if (!outgoing.write(chunk)) {
          outgoing.once('drain', pump);
          return;
        }
      }
    };
    outgoing.on('error', () => undefined);
    const cutOff = once(outgoing, 'close');
    pump();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    response.on('error', () => undefined).resume();
    expect(response.statusCode).toBe(413);
    expect(response.headers.connection).toBe('close');
    await cutOff;
    expect(sent).toBeLessThan(96 * MIB);
    server.close();
    server.closeAllConnections();
  });

  test.each(['get', 'put', 'delete', 'options', 'head', 'patch'] as const)('%s is not served', async (method) => {
    const { app } = webhookWith(allow);
    const answer = await supertest(app)[method]('/validate');
    expect([answer.status, answer.headers.allow]).toStrictEqual([405, 'POST']);
  });

  test.each(['/', '/Validate', '/validate/', '/validate/x', '/metrics', '/..%2fvalidate'])(
    '%s is not found',
    async (path) => {
      const { app } = webhookWith(allow);
      const answer = await supertest(app).post(path).send(review());
      expect([answer.status, answer.body]).toStrictEqual([404, { reason: 'only /validate is served here' }]);
    },
  );
});

describe('a bug', () => {
  test('is answered with 500, logged and counted', async () => {
    const { app, metrics, lines } = webhookWith(crash);
    const answer = await supertest(app).post('/validate').send(review());
    expect([answer.status, answer.body]).toStrictEqual([500, { reason: expect.stringContaining('see its log') }]);
    expect(lines.entries).toMatchObject([{ level: 'error', uid: 'uid-1', err: { message: 'a bug' } }]);
    expect(await metrics.text()).toContain('decision="error",dry_run="false"} 1');
  });
});

describe('the log', () => {
  const object = { ...CONFIG_MAP, data: { secret: 'not-to-be-logged' } };

  test.each([
    ['a change that is denied', deny, 'warn', 'a change was denied'],
    ['a change with findings', warn, 'warn', 'a change was allowed with findings'],
    ['a change without findings, for debugging', allow, 'debug', 'a change was allowed'],
  ] as const)('has %s, without its body', async (_name, validate, level, msg) => {
    const { app, lines } = webhookWith(validate);
    await supertest(app).post('/validate').send(review({ object }));
    expect(lines.entries).toMatchObject([{ level, msg, uid: 'uid-1', name: 'kubelet-config', operation: 'CREATE' }]);
    expect(lines.text).not.toContain('not-to-be-logged');
  });

  test('does not have a change without findings at its usual level', async () => {
    const { app, lines, log } = webhookWith(allow);
    log.level = 'info';
    await supertest(app).post('/validate').send(review());
    expect(lines.text).toBe('');
  });

  test('has the exemptions that are in use, at its usual level', async () => {
    const exemption = {
      control: 'apiserver-kubelet-client-cert',
      subject: 'node/edge-*',
      reason: 'vendor appliance, ticket 4711',
      expires: '2027-01-31',
    };
    const exempted = [{ finding: failing, exemption }];
    const { app, lines, log } = webhookWith(() => ({ allowed: true, denied: [], warned: [], exempted, problems: [] }));
    log.level = 'info';
    const answer = await supertest(app).post('/validate').send(review());
    expect(lines.entries).toMatchObject([
      { level: 'info', msg: 'a change was allowed because of exemptions', uid: 'uid-1', exemptions: [exemption] },
    ]);
    expect(answer.headers).not.toHaveProperty('warning');
    expect(answer.body).not.toHaveProperty('response.warnings');
  });

  test('does not have a dry run', async () => {
    const { app, lines } = webhookWith(deny);
    await supertest(app)
      .post('/validate')
      .send(review({ dryRun: true }));
    expect(lines.text).toBe('');
  });

  test('has a name with line feeds in one line', async () => {
    const { app, lines } = webhookWith(deny);
    await supertest(app)
      .post('/validate')
      .send(review({ name: 'a\n{"level":"error"}' }));
    expect(lines.entries).toHaveLength(1);
  });
});

describe('the metrics', () => {
  test('count by resource, operation, decision and dry run', async () => {
    const { app, metrics } = webhookWith(deny);
    await supertest(app).post('/validate').send(review());
    await supertest(app)
      .post('/validate')
      .send(review({ dryRun: true }));
    const text = await metrics.text();
    const counter = 'kubelet_guard_admission_requests_total{resource="configmaps",operation="CREATE",decision="deny"';
    expect(text).toContain(`${counter},dry_run="false"} 1`);
    expect(text).toContain(`${counter},dry_run="true"} 1`);
    expect(text).toContain('kubelet_guard_admission_duration_seconds_count{decision="deny"} 2');
    expect(text).toContain('kubelet_guard_admission_requests_in_flight 0');
  });

  test('have no labels that a client can make up', async () => {
    const { app, metrics } = webhookWith(allow);
    const resource = { group: '', version: 'v1', resource: 'made-up' };
    await supertest(app)
      .post('/validate')
      .send(review({ resource, operation: 'MADE-UP' }));
    await supertest(app)
      .post('/validate')
      .send(review({ subResource: 'status' }));
    await supertest(app).post('/validate').send([]);
    const text = await metrics.text();
    expect(text).not.toContain('made-up');
    expect(text).toContain('{resource="other",operation="other",decision="allow",dry_run="false"} 1');
    expect(text).toContain('{resource="other",operation="CREATE",decision="allow",dry_run="false"} 1');
    expect(text).toContain('{resource="other",operation="other",decision="malformed",dry_run="false"} 1');
  });
});
