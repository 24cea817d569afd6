// The fields of a certificate that node:crypto does not give, from its DER (RFC 5280, section 4.1).

/** What stands in a certificate. Names are in DER, object identifiers dotted. */
export interface CertificateFields {
  readonly version: number;
  readonly signatureAlgorithm: string;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly extensions: readonly Extension[];
}

/** An extension, whose value is DER again. */
export interface Extension {
  readonly id: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OBJECT_IDENTIFIER = 0x06;
const SEQUENCE = 0x30;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

/** @returns undefined where the bytes are no certificate */
export function certificateFields(der: Uint8Array): CertificateFields | undefined {
  const [certificate] = elementsOf(der);
  const [body] = elementsOf(certificate?.content);
  const elements = elementsOf(body?.content);
  const version = elements[0]?.tag === VERSION ? elements.shift() : undefined;
  const [, algorithm, issuer, , subject] = elements;
  const identifier = elementsOf(algorithm?.content)[0];
  if (issuer?.tag !== SEQUENCE || subject?.tag !== SEQUENCE || identifier?.tag !== OBJECT_IDENTIFIER) return undefined;
  const list = elementsOf(elements.find(({ tag }) => tag === EXTENSIONS)?.content)[0];
  return {
    version: (elementsOf(version?.content)[0]?.content[0] ?? 0) + 1,
    signatureAlgorithm: dotted(identifier.content),
    issuer: issuer.whole,
    subject: subject.whole,
    extensions: elementsOf(list?.content).flatMap(({ content }) => {
      const parts = elementsOf(content);
      const value = parts.at(-1);
      if (parts[0]?.tag !== OBJECT_IDENTIFIER || value === undefined) return [];
      const critical = parts[1]?.tag === BOOLEAN && parts[1].content[0] !== 0;
      return [{ id: dotted(parts[0].content), critical, value: value.content }];
    }),
  };
}

/** The value of basicConstraints. */
export function basicConstraints(value: Uint8Array): { readonly isCA: boolean; readonly pathLength?: number } {
  const parts = elementsOf(elementsOf(value)[0]?.content);
  const isCA = parts.some(({ tag, content }) => tag === BOOLEAN && content[0] !== 0);
  const length = parts.find(({ tag }) => tag === INTEGER)?.content;
  // beyond a byte no chain is longer
  return length?.length === 1 ? { isCA, pathLength: length[0] ?? 0 } : { isCA };
}

/** Whether keyUsage lets a certificate sign others; one that allows nothing at all is taken to say nothing, as Go does. */
export function maySignCertificates(value: Uint8Array): boolean {
  const [bits] = elementsOf(value);
  if (bits?.tag !== BIT_STRING) return false;
  const usages = bits.content.subarray(1);
  return usages.every((byte) => byte === 0) || ((usages[0] ?? 0) & 0x04) !== 0;
}

/** The names of hosts and the bytes of IP addresses in the value of subjectAltName. */
export function alternativeNames(value: Uint8Array): {
  readonly hosts: readonly string[];
  readonly addresses: readonly Uint8Array[];
} {
  const names = elementsOf(elementsOf(value)[0]?.content);
  return {
    hosts: names.filter(({ tag }) => tag === DNS_NAME).map(({ content }) => textOf(content)),
    addresses: names.filter(({ tag }) => tag === IP_ADDRESS).map(({ content }) => content),
  };
}

/** The values of an attribute in a distinguished name, as text. */
export function attributesOf(name: Uint8Array, id: string): string[] {
  const sets = elementsOf(elementsOf(name)[0]?.content);
  return sets
    .flatMap(({ content }) => elementsOf(content))
    .flatMap(({ content }) => {
      const [type, value] = elementsOf(content);
      return type?.tag === OBJECT_IDENTIFIER && value !== undefined && dotted(type.content) === id
        ? [textOf(value.content)]
        : [];
    });
}

/** What is not UTF-8 equals no name of ours. */
function textOf(content: Uint8Array): string {
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString();
}

interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly whole: Uint8Array;
}

/** The elements up to the first that is none. */
function elementsOf(bytes: Uint8Array | undefined): Element[] {
  const elements: Element[] = [];
  for (let offset = 0; bytes !== undefined && offset < bytes.length;) {
    const element = elementAt(bytes, offset);
    if (element === undefined) break;
    elements.push(element);
    offset += element.whole.length;
  }
  return elements;
}

function elementAt(bytes: Uint8Array, offset: number): Element | undefined {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) return undefined;
  const more = first < 0x80 ? 0 : first - 0x80;
  if (first === 0x80 || more > 4) return undefined;
  const start = offset + 2 + more;
  const length = more === 0 ? first : bytes.subarray(offset + 2, start).reduce((sum, byte) => sum * 256 + byte, 0);
  const end = start + length;
  if (end > bytes.length) return undefined;
  return { tag, content: bytes.subarray(start, end), whole: bytes.subarray(offset, end) };
}

/** An object identifier with its dots. */
function dotted(content: Uint8Array): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    if (arcs.length === 0) {
      const root = Math.min(Math.floor(arc / 40), 2);
      arcs.push(root, arc - root * 40);
    } else arcs.push(arc);
    arc = 0;
  }
  return arcs.join('.');
}
