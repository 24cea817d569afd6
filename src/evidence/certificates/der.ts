// Reads DER: elements with their tags, and object identifiers (ITU-T X.690).

/** One element. */
export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  /** With tag and length. */
  readonly whole: Buffer;
}

export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OBJECT_IDENTIFIER = 0x06;
export const SEQUENCE = 0x30;
export const SET = 0x31;

/** The elements one after the other, up to the first that cannot be read. */
export function elementsOf(bytes: Uint8Array = new Uint8Array()): Element[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements: Element[] = [];
  for (let offset = 0; offset < buffer.length;) {
    const element = elementAt(buffer, offset);
    if (element === undefined) break;
    elements.push(element);
    offset += element.whole.length;
  }
  return elements;
}

/** The elements one after the other; undefined if the bytes hold anything else. */
export function allElementsOf(bytes: Uint8Array): Element[] | undefined {
  const elements = elementsOf(bytes);
  const length = elements.reduce((sum, { whole }) => sum + whole.length, 0);
  return length === bytes.length ? elements : undefined;
}

/** An identifier that is longer has no known meaning. */
const LONGEST_IDENTIFIER = 32;

/** The content of an object identifier with its dots; undefined if it is none. */
export function identifierOf(content: Uint8Array): string | undefined {
  if (content.length === 0 || content.length > LONGEST_IDENTIFIER) return undefined;
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const [index, byte] of content.entries()) {
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    if (byte >= 0x80) {
      if (index === content.length - 1) return undefined;
      continue;
    }
    // the first number holds two arcs
    if (arcs.length === 0) {
      const root = arc < 80n ? arc / 40n : 2n;
      arcs.push(root, arc - root * 40n);
    } else arcs.push(arc);
    arc = 0n;
  }
  return arcs.join('.');
}

/** Tags of several bytes, and lengths of more than four, do not occur in certificates. */
function elementAt(bytes: Buffer, offset: number): Element | undefined {
  const [tag, first] = bytes.subarray(offset, offset + 2);
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return undefined;
  const more = first < 0x80 ? 0 : first - 0x80;
  const start = offset + 2 + more;
  if (first === 0x80 || more > 4 || start > bytes.length) return undefined;
  const length = more === 0 ? first : bytes.readUIntBE(offset + 2, more);
  // DER has one way to write a length, the shortest; Go reads no other (x/crypto/cryptobyte/asn1.go, readASN1)
  if (more > 0 && length < (more === 1 ? 0x80 : 2 ** (8 * (more - 1)))) return undefined;
  const end = start + length;
  if (end > bytes.length) return undefined;
  return { tag, content: bytes.subarray(start, end), whole: bytes.subarray(offset, end) };
}
