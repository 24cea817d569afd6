// Distinguished names as text (RFC 4514).

import { allElementsOf, identifierOf, OBJECT_IDENTIFIER, SEQUENCE, SET, type Element } from './der.ts';

/** How many names are shown; a kubelet's bundle has a handful, a hostile server names as many as it likes. */
const MOST_NAMES = 100;
const LONGEST_NAME = 512;

/**
 * Distinguished names in DER as RFC 4514 writes them, never more or longer than can be shown. Where names are left out,
 * a last text says how many; it cannot be taken for a name, which has `=`, starts with `#`, or is empty.
 */
export function distinguishedNames(names: readonly Uint8Array[]): string[] {
  const shown = names.slice(0, MOST_NAMES).map(distinguishedName);
  const more = names.length - shown.length;
  return more > 0 ? [...shown, `… and ${more} more`] : shown;
}

/** One distinguished name; one that cannot be decoded is a name all the same, and given as `#` and its bytes in hex. */
export function distinguishedName(der: Uint8Array): string {
  const bytes = Buffer.from(der.buffer, der.byteOffset, der.byteLength);
  const name = decodeName(bytes) ?? `#${bytes.toString('hex', 0, LONGEST_NAME)}`;
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 1).toWellFormed()}…`;
}

/** The last part comes first, as RFC 4514 wants it. */
function decodeName(der: Buffer): string | undefined {
  const [name, ...rest] = allElementsOf(der) ?? [];
  if (name?.tag !== SEQUENCE || rest.length > 0) return undefined;
  const parts = allElementsOf(name.content)?.map(decodePart).reverse();
  return parts === undefined || parts.includes(undefined) ? undefined : parts.join(',');
}

/** A relative distinguished name: mostly one attribute, sometimes more. */
function decodePart({ tag, content }: Element): string | undefined {
  const attributes = allElementsOf(content)?.map(decodeAttribute);
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
  const [type, value, ...rest] = allElementsOf(content) ?? [];
  if (tag !== SEQUENCE || type?.tag !== OBJECT_IDENTIFIER || value === undefined || rest.length > 0) return undefined;
  const identifier = identifierOf(type.content);
  if (identifier === undefined) return undefined;
  const shortName = SHORT_NAMES.get(identifier);
  const text = shortName === undefined ? undefined : decodeText(value);
  if (shortName === undefined || text === undefined) {
    return `${shortName ?? identifier}=#${value.whole.toString('hex', 0, LONGEST_NAME)}`;
  }
  return `${shortName}=${escape(text)}`;
}

/** @returns undefined if the value is no text, or not the text that it says it is */
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
