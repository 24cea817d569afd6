import { describe, expect, test } from '@jest/globals';

import { ApiFault, type Api, type ApiAnswer, type ApiRequest } from '../../../src/kube/api.ts';
import { webhookConfigurationOf } from '../../../src/kube/objects/webhook-configuration.ts';

const OBJECT = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: 'guard', resourceVersion: '7' },
  webhooks: [
    { name: 'a', clientConfig: { service: { name: 's' }, caBundle: 'WA==' }, sideEffects: 'None' },
    { name: 'b', clientConfig: { url: 'https://x' } },
  ],
};
const PATH = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/guard';
const { signal } = new AbortController();

function port(answer: Partial<ApiAnswer> | Error = {}) {
  const asked: ApiRequest[] = [];
  const api: Api = (request) => {
    asked.push(request);
    if (answer instanceof Error) return Promise.reject(answer);
    return Promise.resolve({ status: 200, contentType: 'application/json', text: JSON.stringify(OBJECT), ...answer });
  };
  return { asked, configuration: webhookConfigurationOf(api, 'guard') };
}

describe('a ValidatingWebhookConfiguration', () => {
  test('is read, within limits, with the caBundle of each webhook', async () => {
    const { configuration, asked } = port();
    expect(await configuration.read(signal)).toStrictEqual({ caBundles: ['X', ''], object: OBJECT });
    expect(asked).toStrictEqual([{ path: PATH, timeout: 5000, limit: 1_572_864 }]);
  });

  test('is updated at the version that was read: each webhook gets the caBundle, and nothing else changes', async () => {
    const { configuration, asked } = port();
    expect(await configuration.setCABundle({ caBundles: [], object: OBJECT }, 'Z', signal)).toBe(true);
    const [a, b] = OBJECT.webhooks;
    const webhooks = [
      { ...a, clientConfig: { service: { name: 's' }, caBundle: 'Wg==' } },
      { ...b, clientConfig: { url: 'https://x', caBundle: 'Wg==' } },
    ];
    expect(asked).toMatchObject([{ method: 'PUT', path: PATH, body: { ...OBJECT, webhooks } }]);
  });

  test('that does not exist, or was changed, is not a fault', async () => {
    const seen = { caBundles: [], object: OBJECT };
    expect(await port({ status: 404 }).configuration.read(signal)).toBeUndefined();
    expect(await port({ status: 409 }).configuration.setCABundle(seen, 'Z', signal)).toBe(false);
    expect(await port({ status: 404 }).configuration.setCABundle(seen, 'Z', signal)).toBe(false);
  });

  test.each([
    [{ status: 403 }, 'HTTP 403: allow this account to get and update it'],
    [{ status: 500, text: '{"kind":"Status","message":"bad"}' }, 'HTTP 500: bad'],
    [{ text: '{"metadata":{}}' }, 'the answer is no ValidatingWebhookConfiguration'],
    [{ text: '{"metadata":{"resourceVersion":""},"webhooks":7}' }, 'the answer is no ValidatingWebhookConfiguration'],
    [new ApiFault('ECONNREFUSED'), 'ECONNREFUSED'],
  ] as const)('gives a message for the answer %j', async (answer, words) => {
    const read = port(answer).configuration.read(signal);
    await expect(read).rejects.toThrow(`the ValidatingWebhookConfiguration guard: ${words}`);
    await expect(read).rejects.toBeInstanceOf(ApiFault);
  });

  test('of another shape has no webhooks', async () => {
    const text = '{"metadata":{"resourceVersion":"1"},"webhooks":[7,{"clientConfig":[]}]}';
    expect(await port({ text }).configuration.read(signal)).toMatchObject({ caBundles: ['', ''] });
  });
});
