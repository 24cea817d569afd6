// The proxy for a server, by Go's rules for environment variables (golang.org/x/net/http/httpproxy).

import { BlockList, isIP } from 'node:net';

/** The variables of a process. */
export type ProcessEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for calls to a server; undefined if it is called directly.
 *
 * @throws Error where the variable names no proxy
 */
export function proxyFromEnvironment(server: URL, env: ProcessEnvironment): URL | undefined {
  const [name = '', text = ''] = setOf(env, server.protocol === 'https:' ? 'https_proxy' : 'http_proxy');
  if (text === '' || isExcepted(server, setOf(env, 'no_proxy')[1] ?? '')) return undefined;
  const address = text.includes('://') ? text : `http://${text}`;
  const proxy = URL.canParse(address) ? new URL(address) : undefined;
  if (proxy === undefined || !isProxy(proxy))
    throw new Error(`${name} is no address of a proxy of the kind http, https or socks5`);
  return proxy;
}

/** The name and value of a variable in capital or small letters. */
function setOf(env: ProcessEnvironment, name: string): readonly string[] {
  const set = [name.toUpperCase(), name].flatMap((key) => (env[key] ? [[key, env[key]]] : []));
  return set[0] ?? [];
}

function isProxy({ protocol, hostname }: URL): boolean {
  return hostname !== '' && ['http:', 'https:', 'socks5:', 'socks5h:'].includes(protocol);
}

/** The host of an address, without the brackets of IPv6. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** The port of an address, or the default port of its scheme. */
export function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : protocol.startsWith('socks') ? 1080 : 80;
}

/** The header that authenticates the caller to a proxy whose address has a user name. */
export function proxyAuthorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'Proxy-Authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

function isExcepted(server: URL, exceptions: string): boolean {
  const host = hostOf(server).toLowerCase();
  if (host === 'localhost') return true;
  const family = isIP(host) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(host) !== 0 && LOOPBACK.check(host, family)) return true;
  return exceptions
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== '' && matches(entry, host, String(portOf(server))));
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  if (isIP(host) !== 0 && isInNetwork(entry, host)) return true;
  const { name, wanted } = splitPort(entry);
  if (name === '' || (wanted !== '' && wanted !== port)) return false;
  if (isIP(name) !== 0) return sameAddress(name, host);
  if (isIP(host) !== 0) return false;
  const suffix = name.startsWith('*.') ? name.slice(1) : name;
  return suffix.startsWith('.') ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`);
}

function splitPort(entry: string): { readonly name: string; readonly wanted: string } {
  const [, bracketed, plain = '', wanted = ''] = /^(?:\[([^\]]*)\]|([^:]*)):(\d*)$/.exec(entry) ?? [];
  if (bracketed === undefined && !entry.includes(':')) return { name: entry, wanted: '' };
  // an IPv6 address without brackets has no port
  if (isIP(entry) === 6) return { name: entry, wanted: '' };
  return { name: bracketed ?? plain, wanted };
}

function isInNetwork(entry: string, host: string): boolean {
  const [, address = '', prefix = ''] = /^(.+)\/(\d{1,3})$/.exec(entry) ?? [];
  const version = isIP(address);
  if (version === 0 || Number(prefix) > (version === 4 ? 32 : 128)) return false;
  const network = new BlockList();
  network.addSubnet(address, Number(prefix), version === 4 ? 'ipv4' : 'ipv6');
  return network.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6');
}

function sameAddress(one: string, other: string): boolean {
  if (isIP(other) === 0) return false;
  const list = new BlockList();
  list.addAddress(one, isIP(one) === 4 ? 'ipv4' : 'ipv6');
  return list.check(other, isIP(other) === 4 ? 'ipv4' : 'ipv6');
}
