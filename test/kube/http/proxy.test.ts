import { describe, expect, test } from '@jest/globals';

import { proxyAuthorization, proxyFromEnvironment } from '../../../src/kube/http/proxy.ts';

const PROXY = 'http://proxy:3128/';

function proxyOf(server: string, env: Record<string, string>): string | undefined {
  return proxyFromEnvironment(new URL(server), env)?.href;
}

describe('the proxy of the environment', () => {
  test.each<[string, Record<string, string>, string | undefined]>([
    ['https://a.b', {}, undefined],
    ['https://a.b', { HTTPS_PROXY: PROXY }, PROXY],
    ['https://a.b', { https_proxy: PROXY }, PROXY],
    ['https://a.b', { HTTPS_PROXY: PROXY, https_proxy: 'http://other' }, PROXY],
    ['https://a.b', { HTTPS_PROXY: '', https_proxy: PROXY }, PROXY],
    ['https://a.b', { HTTP_PROXY: PROXY, ALL_PROXY: PROXY }, undefined],
    ['http://a.b', { HTTP_PROXY: PROXY }, PROXY],
    ['http://a.b', { HTTPS_PROXY: PROXY }, undefined],
    ['https://a.b', { HTTPS_PROXY: 'proxy:3128' }, PROXY],
    ['https://a.b', { HTTPS_PROXY: 'socks5://u:p@proxy:1080' }, 'socks5://u:p@proxy:1080'],
    ['https://localhost:6443', { HTTPS_PROXY: PROXY }, undefined],
    ['https://127.1.2.3:6443', { HTTPS_PROXY: PROXY }, undefined],
    ['https://[::1]:6443', { HTTPS_PROXY: PROXY }, undefined],
    ['https://10.0.0.1:6443', { HTTPS_PROXY: PROXY }, PROXY],
  ])('for %s with %j is %s', (server, env, expected) => {
    expect(proxyOf(server, env)).toBe(expected);
  });

  test.each<[string, string, boolean]>([
    ['https://a.b', '*', true],
    ['https://a.b', ' x , a.b ', true],
    ['https://A.b', 'a.B', true],
    ['https://x.a.b', 'a.b', true],
    ['https://xa.b', 'a.b', false],
    ['https://a.b', '.a.b', false],
    ['https://x.a.b', '.a.b', true],
    ['https://x.a.b', '*.a.b', true],
    ['https://a.b', '*.a.b', false],
    ['https://a.b:6443', 'a.b:6443', true],
    ['https://a.b:6443', 'a.b:443', false],
    ['https://a.b', 'a.b:443', true],
    ['https://10.1.2.3:6443', '10.0.0.0/8', true],
    ['https://11.1.2.3:6443', '10.0.0.0/8', false],
    ['https://10.1.2.3:6443', '10.1.2.3', true],
    ['https://10.1.2.3:6443', '10.1.2.3:443', false],
    ['https://10.1.2.3:6443', '10.1.2.3:6443', true],
    ['https://10.1.2.30:6443', '10.1.2.3', false],
    ['https://10.1.2.3:6443', '.2.3', false],
    ['https://[fd00::1]:6443', 'fd00::/8', true],
    ['https://[fd00::1]:6443', 'fd00:0::1', true],
    ['https://[fd00::1]:6443', '[fd00::1]:6443', true],
    ['https://[fd00::1]:6443', '[fd00::1]:443', false],
    ['https://a.b', ',,', false],
    ['https://a.b', '10.0.0.0/99', false],
  ])('for %s with NO_PROXY=%s is not used: %s', (server, exceptions, isDirect) => {
    const expected = isDirect ? undefined : PROXY;
    expect(proxyOf(server, { HTTPS_PROXY: PROXY, NO_PROXY: exceptions })).toBe(expected);
    expect(proxyOf(server, { HTTPS_PROXY: PROXY, no_proxy: exceptions })).toBe(expected);
  });

  test('that is invalid is an error with the name of the variable', () => {
    expect(() => proxyOf('https://a', { https_proxy: 'ftp://x' })).toThrow('https_proxy is no address of a proxy');
  });
});

test('the user in the address of a proxy is sent to the proxy', () => {
  expect(proxyAuthorization(new URL('http://u:p%40@x'))).toStrictEqual({
    'Proxy-Authorization': `Basic ${Buffer.from('u:p@').toString('base64')}`,
  });
  expect(proxyAuthorization(new URL('http://x'))).toStrictEqual({});
});
