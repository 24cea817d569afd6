import { describe, expect, test } from '@jest/globals';

import { connectionLine } from '../../../src/kube/faults/connection.ts';
import { rejectedLine } from '../../../src/kube/faults/credentials.ts';
import { strangeLine } from '../../../src/kube/faults/strange-answer.ts';
import { httpFaultOf } from '../../../src/kube/http/fault.ts';
import { ANONYMOUS } from '../../../src/kube/kubeconfig/user.ts';

const URL_OF = new URL('https://api.example:6443/prefix');

function lineOf(code: string, more: object = {}): string {
  return connectionLine(
    httpFaultOf(Object.assign(new Error(`words of ${code}`), { code, ...more }), URL_OF, false),
    URL_OF,
  );
}

describe('an API server that does not answer', () => {
  test.each([
    ['EHOSTUNREACH', 'no route to it (kubectl: "connect: no route to host"); check the network'],
    ['ENETUNREACH', 'no route to it (kubectl: "connect: network is unreachable"); check the network'],
    ['ETIMEDOUT', 'no answer to the connection (kubectl: "i/o timeout")'],
    ['EAI_AGAIN', 'no name server answers for api.example; check the DNS'],
    ['CERT_NOT_YET_VALID', 'its certificate is not valid yet'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'certificate signed by unknown authority'],
    ['EPROTO', 'words of EPROTO; check that an API server with TLS listens at this port'],
    ['ENEW', 'words of ENEW; check the network'],
  ])('with %s has one line with what to do', (code, words) => {
    const line = lineOf(code);
    expect(line).toContain(`https://api.example:6443: `);
    expect(line).toContain(words);
    expect(line).not.toContain('\n');
  });

  test('is named with the names of its certificate', () => {
    const line = lineOf('ERR_TLS_CERT_ALTNAME_INVALID', {
      cert: { subjectaltname: 'DNS:a, DNS:b, IP Address:10.0.0.1' },
    });
    expect(line).toContain('its certificate is not for api.example, but for a, b, 10.0.0.1 (kubectl: ');
    expect(line).toContain('certificate is valid for a, b, not api.example');
  });
});

describe('rejected credentials', () => {
  const now = new Date('2026-11-28T00:00:00Z');
  const bearer = (payload: object) => {
    const headers = { Authorization: `Bearer x.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.y` };
    return { headers, certificate: undefined };
  };

  test.each([
    ['an expired token', ANONYMOUS, bearer({ exp: 1_700_000_000 }), 'the token expired on 2023-11-14T22:13:20Z'],
    ['another token', ANONYMOUS, bearer({ exp: 1_900_000_000 }), 'has expired, was revoked, or is of another cluster'],
    ['a strange token', ANONYMOUS, bearer({ exp: 1e300 }), 'has expired, was revoked, or is of another cluster'],
    ['a password', { ...ANONYMOUS, basic: { username: 'a', password: 'b' } }, bearer({}), 'they are a password'],
    ['nothing', ANONYMOUS, { headers: {}, certificate: undefined }, 'there are none'],
  ])('are explained: %s', (_name, user, credentials, words) => {
    const line = rejectedLine('https://h:1', { user, name: 'user "u"' }, credentials, now);
    expect(line).toContain('https://h:1 does not accept the credentials of user "u" (HTTP 401): ');
    expect(line).toContain(words);
    expect(line).toContain('kubectl: "error: You must be logged in to the server"');
  });
});

describe('an answer to the first call', () => {
  const answer = (status: number, text: string) => ({ status, text, contentType: 'text/plain' });

  test.each([
    [200, '{"gitVersion":"v1.37.2"}'],
    [403, '{"kind":"Status"}'],
    [503, '{"kind":"Status"}'],
  ])('of an API server is accepted: %i', (status, text) => {
    expect(strangeLine('https://h:1', answer(status, text))).toBeUndefined();
  });

  test.each([
    [200, '<html>'],
    [200, '{}'],
    [404, 'not found'],
    [503, ''],
  ])('of something else is named: %i %s', (status, text) => {
    expect(strangeLine('https://h:1', answer(status, text))).toContain(
      `https://h:1 answers HTTP ${status} with text/plain, which is not the answer of a Kubernetes API server`,
    );
  });
});
