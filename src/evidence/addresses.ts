// Where a kubelet can be. A node writes its own status: without this it could have us ask ourselves, the metadata service of a
// cloud, or a port that is no kubelet's.

import { BlockList, isIP } from 'node:net';

import { ipv6Groups } from '../policy/link/addresses.ts';

/**
 * Where no kubelet is: loopback, link-local, unspecified, multicast, broadcast (as validateNodeIP in
 * pkg/kubelet/kubelet_node_status.go:762-778, v1.37.2), and the metadata services of clouds beyond link-local ones.
 */
const NOWHERE = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['224.0.0.0', 4],
] as const) {
  NOWHERE.addSubnet(network, prefix);
}
NOWHERE.addAddress('255.255.255.255');
// Azure, Alibaba Cloud
NOWHERE.addAddress('168.63.129.16');
NOWHERE.addAddress('100.100.100.200');
NOWHERE.addSubnet('::', 96, 'ipv6');
NOWHERE.addSubnet('fe80::', 10, 'ipv6');
NOWHERE.addSubnet('ff00::', 8, 'ipv6');
// AWS, Google Cloud
NOWHERE.addSubnet('fd00:ec2::', 32, 'ipv6');
NOWHERE.addSubnet('fd20:ce::', 32, 'ipv6');

/** Tells whether a kubelet can be at an IP address. */
export function isKubeletAddress(address: string): boolean {
  const version = address.includes('%') ? 0 : isIP(address);
  if (version !== 6) return version === 4 && !NOWHERE.check(address);
  if (NOWHERE.check(address, 'ipv6')) return false;
  return embeddedAddresses(ipv6Groups(address)).every((embedded) => !NOWHERE.check(embedded));
}

/**
 * The IPv4 addresses that an IPv6 address can lead to: mapped and translated ones (RFC 4291, RFC 2765), NAT64 (RFC 6052,
 * RFC 8215), 6to4, Teredo and ISATAP.
 */
function embeddedAddresses(groups: readonly number[]): string[] {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups;
  const last = dotted(g, h);
  const isZero = (...values: readonly number[]): boolean => values.every((value) => value === 0);
  if (isZero(a, b, c, d) && ((e === 0 && f === 0xffff) || (e === 0xffff && f === 0))) return [last];
  if (a === 0x64 && b === 0xff9b) return [last];
  if (a === 0x2002) return [dotted(b, c)];
  if (a === 0x2001 && b === 0) return [dotted(c, d), dotted(g ^ 0xffff, h ^ 0xffff)];
  if ((e & 0xfdff) === 0 && f === 0x5efe) return [last];
  return [];
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

const LONGEST_NAME = 253;
/** Names that hosts give themselves (/etc/hosts). */
const OWN_NAMES = /^(localhost\d?|loopback|ip6-[a-z]+)$/i;

/**
 * Tells whether a text can be the host name of another host: no name of this one, and nothing that a resolver takes for an
 * address in one of its old forms. Where a name leads to is another question, which is asked when it is connected to.
 */
export function isKubeletName(text: string): boolean {
  const labels = text.split('.');
  const isName =
    text.length <= LONGEST_NAME && labels.every((label) => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/i.test(label));
  const [first = '', last = ''] = [labels[0], labels.at(-1)];
  return isName && !OWN_NAMES.test(first) && !OWN_NAMES.test(last) && !/^(\d+|0x[0-9a-f]*)$/i.test(last);
}

const LOWEST_PORT = 1024;
const HIGHEST_PORT = 65_535;

/** Tells whether a kubelet can listen on a port; those below are other programs'. */
export function isKubeletPort(port: unknown): port is number {
  return typeof port === 'number' && Number.isInteger(port) && port >= LOWEST_PORT && port <= HIGHEST_PORT;
}
