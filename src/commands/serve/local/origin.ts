// Who calls the local port: whether the caller means this host, and whether a page of another site sends the call.

import type { IncomingMessage } from 'node:http';

/** An IPv4 address as browsers write it. */
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/** Host names that only this machine or the cluster can resolve to an address. */
const INSIDE = /^(?:localhost|[a-z\d-]+(?:\.[a-z\d-]+)+\.svc(?:\.cluster\.local)?)$/;

/**
 * Whether the caller means this host. A web page of another site can let its own name point here (DNS rebinding), and then
 * read the answers. It cannot do that with an IP address, or with a name that only this machine or the cluster resolves.
 */
export function isThisHost({ headers: { host } }: IncomingMessage, names: readonly string[]): boolean {
  // only HTTP/1.0 has no host, and no browser uses that
  if (host === undefined) return true;
  const [, ipv6, plain = ''] = /^(?:\[([\da-f:.]+)\]|([^[\]:]+))(?::\d{1,5})?$/i.exec(host) ?? [];
  if (ipv6 !== undefined) return true;
  const name = plain.toLowerCase().replace(/\.$/, '');
  return IPV4.test(name) || INSIDE.test(name) || names.some((own) => own.toLowerCase() === name);
}

/** Whether a page of another site sends the call. Other programs than browsers send neither header. */
export function isFromOtherSite({ headers: { origin, host, 'sec-fetch-site': site } }: IncomingMessage): boolean {
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return origin !== undefined && (host === undefined || origin !== `http://${host}`);
}

/** Whether a person follows a link: the browser shows the answer in a tab of its own, and no other page can read it. */
export function isFollowedLink({ headers }: IncomingMessage): boolean {
  const { origin, 'sec-fetch-mode': mode, 'sec-fetch-dest': destination } = headers;
  return origin === undefined && mode === 'navigate' && destination === 'document';
}
