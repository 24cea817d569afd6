import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { isKubeletAddress, isKubeletName, isKubeletPort } from '../../src/evidence/addresses.ts';

/** The IPv6 addresses that lead to an IPv4 address. */
function embeddings([a, b, c, d]: readonly [number, number, number, number]): string[] {
  const hex = (high: number, low: number) => ((high << 8) | low).toString(16);
  const [high, low] = [hex(a, b), hex(c, d)];
  const [notHigh, notLow] = [hex(a ^ 0xff, b ^ 0xff), hex(c ^ 0xff, d ^ 0xff)];
  const dotted = [a, b, c, d].join('.');
  return [
    `::ffff:${dotted}`,
    `::ffff:${high}:${low}`,
    `0:0:0:0:0:ffff:${high}:${low}`,
    `::ffff:0:${high}:${low}`,
    `64:ff9b::${high}:${low}`,
    `64:ff9b::${dotted}`,
    `64:ff9b:1::${high}:${low}`,
    `2002:${high}:${low}::1`,
    `2001:0:${high}:${low}:0:0:0:1`,
    `2001:0:203:405::${notHigh}:${notLow}`,
    `2001:db8::5efe:${high}:${low}`,
    `2001:db8::200:5efe:${high}:${low}`,
  ];
}

const byte = fc.integer({ min: 0, max: 255 });

describe('the address of a kubelet', () => {
  test.each([
    ...['127.0.0.1', '127.9.9.9', '0.0.0.0', '169.254.169.254', '169.254.170.2', '168.63.129.16', '100.100.100.200'],
    ...['192.0.0.192', '224.0.0.1', '239.1.1.1', '255.255.255.255', '::', '::1', '::7f00:1', 'fe80::1', 'ff02::1'],
    ...['fd00:ec2::254', 'FD00:0EC2::23', 'fd20:ce::254', 'fe80::1%eth0', '10.0.0.1%eth0', '010.0.0.1', '127.1', ''],
  ])('cannot be %j', (address) => {
    expect(isKubeletAddress(address)).toBe(false);
  });

  test.each(['10.0.0.1', '192.168.1.7', '100.64.0.9', '8.8.8.8', '2001:db8::1', 'fd00::1', 'fd00:ec3::254'])(
    'can be %s',
    (address) => {
      expect(isKubeletAddress(address)).toBe(true);
    },
  );

  test('cannot be an IPv6 address that leads to a forbidden IPv4 address', () => {
    const forbidden = fc.oneof(
      fc.tuple(fc.constant(127), byte, byte, byte),
      fc.tuple(fc.constant(169), fc.constant(254), byte, byte),
      fc.constant<[number, number, number, number]>([168, 63, 129, 16]),
      fc.constant<[number, number, number, number]>([0, 0, 0, 0]),
    );
    fc.assert(
      fc.property(forbidden, (bytes) => {
        for (const address of embeddings(bytes)) expect([address, isKubeletAddress(address)]).toEqual([address, false]);
      }),
    );
  });

  test('can be an IPv6 address that leads to an allowed IPv4 address', () => {
    for (const address of embeddings([10, 0, 0, 1]))
      expect([address, isKubeletAddress(address)]).toEqual([address, true]);
  });

  test('is accepted or rejected, whatever the text', () => {
    const textLike = fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.ipV4Extended());
    fc.assert(fc.property(textLike, (text) => typeof isKubeletAddress(text) === 'boolean'));
  });
});

describe('the host name of a kubelet', () => {
  test.each([
    ...['localhost', 'LOCALHOST', 'localhost.localdomain', 'x.localhost', 'ip6-localhost', 'ip6-loopback', 'loopback'],
    ...['localhost4', 'localhost6.localdomain6', '127.1', '2130706433', '0x7f000001', 'a b', 'a.', '-a', '[::1]', ''],
  ])('cannot be %j', (name) => {
    expect(isKubeletName(name)).toBe(false);
  });

  test.each(['node-1', 'ip-10-0-0-1.ec2.internal', 'localhostess', 'gke-pool-1.c.project.internal', 'NODE-1'])(
    'can be %s',
    (name) => {
      expect(isKubeletName(name)).toBe(true);
    },
  );
});

test.each([
  [10_250, true],
  [1024, true],
  [65_535, true],
  [1023, false],
  [443, false],
  [0, false],
  [65_536, false],
  ['10250', false],
  [Number.NaN, false],
])('the port of a kubelet can be %j: %s', (port, wanted) => {
  expect(isKubeletPort(port)).toBe(wanted);
});
