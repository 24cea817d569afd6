/** How many names are told; a kubelet's bundle has a handful, a hostile server names as many as it likes. */
const MOST_NAMES = 100;
const LONGEST_NAME = 512;

/**
 * Distinguished names in DER as RFC 4514 writes them, never more or longer than can be shown. Where names are left out,
 * a last text says how many; it cannot be taken for a name, which has `=`, starts with `#`, or is empty.
 */
export function namesOf(names: readonly Uint8Array[]): string[] {
  const shown = names.slice(0, MOST_NAMES).map(nameOf);
  const more = names.length - shown.length;
  return more > 0 ? [...shown, `… and ${more} more`] : shown;
}

/** One distinguished name; one that cannot be decoded is a name all the same, and given as `#` and its bytes in hex. */
export function nameOf(der: Uint8Array): string {
  const bytes = Buffer.from(der.buffer, der.byteOffset, der.byteLength);
  const name = decodeName(bytes) ?? `#${bytes.toString('hex', 0, LONGEST_NAME)}`;
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 1).toWellFormed()}…`;
}

const SEQUENCE = 0x30;
const SET = 0x31;
const OBJECT_IDENTIFIER = 0x06;

/** The last part comes first, as RFC 4514 wants it. */
function decodeName(der: Buffer): string | undefined {
  const [name, ...rest] = elementsOf(der) ?? [];
  if (name?.tag !== SEQUENCE || rest.length > 0) return undefined;
  const parts = elementsOf(name.content)?.map(decodePart).reverse();
  return parts === undefined || parts.includes(undefined) ? undefined : parts.join(',');
}

/** A relative distinguished name: mostly one attribute, sometimes more. */
function decodePart({ tag, content }: Element): string | undefined {
  const attributes = elementsOf(content)?.map(decodeAttribute);
  if (tag !== SET || attributes === undefined || attributes.length === 0) return undefined;
  return attributes.includes(undefined) ? undefined : attributes.join('+');
}

/** The table of RFC 4514 section 3. */
const SHORT_NAMES: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['2.5.4.6', 'C'],
  ['2.5.4.9', 'STREET'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
]);

function decodeAttribute({ tag, content }: Element): string | undefined {
  const [type, value, ...rest] = elementsOf(content) ?? [];
  if (tag !== SEQUENCE || type?.tag !== OBJECT_IDENTIFIER || value === undefined || rest.length > 0) return undefined;
  const identifier = decodeIdentifier(type.content);
  if (identifier === undefined) return undefined;
  const shortName = SHORT_NAMES.get(identifier);
  const text = shortName === undefined ? undefined : decodeText(value);
  if (shortName === undefined || text === undefined) {
    return `${shortName ?? identifier}=#${value.whole.toString('hex', 0, LONGEST_NAME)}`;
  }
  return `${shortName}=${escape(text)}`;
}

/** Longer ones have no meaning that is known, and numbers beyond what a double can hold. */
const LONGEST_IDENTIFIER = 32;

function decodeIdentifier(content: Buffer): string | undefined {
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

/** @returns undefined where the value is no text, or not the text that it says it is */
function decodeText({ tag, content }: Element): string | undefined {
  try {
    switch (tag) {
      // UTF8String
      case 0x0c:
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
      // NumericString, PrintableString, IA5String, VisibleString
      case 0x12:
      case 0x13:
      case 0x16:
      case 0x1a:
        return content.every((byte) => byte < 0x80) ? content.toString('latin1') : undefined;
      // TeletexString: by the letter it is T.61, in fact everybody writes ISO 8859-1
      case 0x14:
        return content.toString('latin1');
      // BMPString
      case 0x1e:
        return new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true }).decode(content);
      default:
        return undefined;
    }
  } catch {
    return undefined;
  }
}

/** Besides what RFC 4514 wants: what no terminal, log or page should be given is written as the bytes of its UTF-8. */
function escape(text: string): string {
  return text
    .replace(/["+,;<>\\]|^[ #]| $/g, '\\$&')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
      Buffer.from(character).toString('hex').replace(/../g, '\\$&'),
    );
}

/** One DER element. */
interface Element {
  readonly tag: number;
  readonly content: Buffer;
  /** With tag and length. */
  readonly whole: Buffer;
}

/** @returns undefined where the bytes are not elements, one after the other */
function elementsOf(bytes: Buffer): Element[] | undefined {
  const elements: Element[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const element = elementAt(bytes, offset);
    if (element === undefined) return undefined;
    elements.push(element);
    offset += element.whole.length;
  }
  return elements;
}

/** A name is at most 64 KiB, so its lengths take at most two bytes more, and its tags are short. */
function elementAt(bytes: Buffer, offset: number): Element | undefined {
  const [tag, first] = bytes.subarray(offset, offset + 2);
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return undefined;
  const more = first < 0x80 ? 0 : first - 0x80;
  const start = offset + 2 + more;
  if (first === 0x80 || more > 2 || start > bytes.length) return undefined;
  const length = more === 0 ? first : bytes.readUIntBE(offset + 2, more);
  const end = start + length;
  if (end > bytes.length) return undefined;
  return { tag, content: bytes.subarray(start, end), whole: bytes.subarray(offset, end) };
}
