import { describe, expect, test } from '@jest/globals';
import supertest from 'supertest';

import { createLocal, type LocalState } from '../../src/entrances/local.ts';
import { createLog } from '../../src/runtime/log.ts';
import { Lines } from '../support/admission.ts';

function local(state: Partial<LocalState> = {}) {
  const lines = new Lines();
  const metrics = { contentType: 'text/plain', text: () => Promise.resolve('metric 1\n') };
  const listener = createLocal({
    log: createLog('info', lines),
    metrics,
    unready: () => undefined,
    report: undefined,
    ...state,
  });
  return { lines, asked: supertest(listener) };
}

describe('the local port', () => {
  test('has the report once there is one', async () => {
    const answer = await local({ report: '{"kind":"GuardReport"}' }).asked.get('/api/v1/report');
    expect([answer.status, answer.body]).toStrictEqual([200, { kind: 'GuardReport' }]);
  });

  test('answers HEAD without a body', async () => {
    const answer = await local().asked.head('/livez');
    expect([answer.status, answer.headers['content-length'], answer.text]).toStrictEqual([200, '3', undefined]);
  });

  test('serves nothing else', async () => {
    const { asked } = local();
    expect((await asked.get('/')).status).toBe(404);
    const answer = await asked.post('/livez').send({});
    expect([answer.status, answer.headers.allow]).toStrictEqual([405, 'GET, HEAD']);
  });

  test('logs a bug of ours', async () => {
    const metrics = { contentType: 'text/plain', text: () => Promise.reject(new Error('a bug')) };
    const { asked, lines } = local({ metrics });
    expect((await asked.get('/metrics')).status).toBe(500);
    expect(lines.entries).toMatchObject([{ level: 'error', err: { message: 'a bug' } }]);
  });
});
