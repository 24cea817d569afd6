// IP addresses in one canonical text form, so that addresses from different sources can be compared.

/** Gives the canonical form of an address or host name. Never throws. */
export function comparable(text: string): string {
  return isIPv6(text) ? fromGroups(ipv6Groups(text)) : text.toLowerCase();
}

/** Gives the canonical form of the bytes of an address in a certificate; undefined if they are not an address. */
export function comparableBytes(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return undefined;
  return fromGroups(Array.from({ length: 8 }, (_, at) => ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0)));
}

/** Gives the eight groups of an IPv6 address. The result for any other text has no meaning. */
export function ipv6Groups(address: string): number[] {
  const [head = '', tail] = address.split('::').map(withoutDots);
  const [first, last] = [groupsOf(head), groupsOf(tail ?? '')];
  const missing = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  return [...first, ...Array<number>(missing).fill(0), ...last];
}

/** A host name contains no colon, and an IPv4 address contains none either. */
function isIPv6(text: string): boolean {
  return text.length <= 45 && text.includes(':') && /^[0-9a-f:.]+$/i.test(text);
}

function groupsOf(part: string): number[] {
  return part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
}

function fromGroups(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(':');
}

function withoutDots(part: string): string {
  return part.replace(/(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/, (_all, ...bytes) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
}
