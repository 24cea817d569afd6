import { X509Certificate } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { servingNamesBy } from '../../src/evidence/serving-names.ts';
import { Authority } from '../e2e/support/pki.ts';

const ca = new Authority('kubernetes');
const other = new Authority('other');
const kubelet = { name: 'system:node:Node-1', organization: 'system:nodes' };
const der = (wanted: Parameters<Authority['issue']>[0], by = ca) =>
  new X509Certificate(by.issue(wanted).certificate).raw;

describe('the names of a serving certificate', () => {
  test('are its common name, hosts and addresses, normalized for comparison', () => {
    const read = servingNamesBy({});
    expect(read(der({ ...kubelet, hosts: ['Node-1', 'a.b'], addresses: ['10.0.0.1'] }))).toMatchObject({
      commonName: 'system:node:node-1',
      hosts: ['node-1', 'a.b'],
      addresses: ['10.0.0.1'],
    });
    expect(read(der({ name: 'x' }))).toMatchObject({ commonName: 'x', hosts: [], addresses: [] });
  });

  test('are undefined without a certificate', () => {
    const read = servingNamesBy({});
    expect(read(undefined)).toBeUndefined();
    expect(read(new Uint8Array())).toBeUndefined();
    expect(read(Buffer.from('not a certificate'))).toBeUndefined();
  });

  test('are read from any bytes without an exception', () => {
    const read = servingNamesBy({ kubelets: ca.certificate, cluster: ca.certificate });
    const whole = der({ ...kubelet, hosts: ['node-1'] });
    const changed = fc.tuple(fc.nat(whole.length - 1), fc.nat(255)).map(([at, byte]) => {
      const bytes = Buffer.from(whole);
      bytes[at] = byte;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 300 })), (bytes) => {
        const names = read(bytes);
        return names === undefined || typeof names.isKubelet() === 'boolean';
      }),
    );
  });

  test.each([
    ['a CA that is configured for kubelets', { kubelets: ca.certificate }, { name: 'x' }, ca, true],
    ['the cluster CA, with the organization of nodes', { cluster: ca.certificate }, kubelet, ca, true],
    ['the cluster CA, without that organization', { cluster: ca.certificate }, { name: 'x' }, ca, false],
    ['another CA', { kubelets: ca.certificate, cluster: ca.certificate }, kubelet, other, false],
    ['no CA is known', {}, kubelet, ca, false],
    [
      'a text that is not a certificate',
      { kubelets: 'x', cluster: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' },
      kubelet,
      ca,
      false,
    ],
  ])('identify a kubelet by its CA: %s', (_what, authorities, wanted, by, isKubelet) => {
    expect(servingNamesBy(authorities)(der(wanted, by))?.isKubelet()).toBe(isKubelet);
  });
});
