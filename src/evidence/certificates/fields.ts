// The fields of a certificate that node:crypto does not give, from its DER (RFC 5280, section 4.1).

import { BIT_STRING, BOOLEAN, elementsOf, identifierOf, INTEGER, OBJECT_IDENTIFIER, SEQUENCE } from './der.ts';

/** What stands in a certificate. Names are in DER, object identifiers with their dots. */
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

const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

/** @returns undefined if the bytes are no certificate */
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

/** Whether keyUsage lets a certificate sign others; a keyUsage without any bit is ignored, as Go does. */
export function maySignCertificates(value: Uint8Array): boolean {
  const [bits] = elementsOf(value);
  if (bits?.tag !== BIT_STRING) return false;
  const usages = bits.content.subarray(1);
  return usages.every((byte) => byte === 0) || ((usages[0] ?? 0) & 0x04) !== 0;
}

/** The names of hosts and the bytes of IP addresses in the value of subjectAltName. What is not UTF-8 equals no name. */
export function alternativeNames(value: Uint8Array): {
  readonly hosts: readonly string[];
  readonly addresses: readonly Uint8Array[];
} {
  const names = elementsOf(elementsOf(value)[0]?.content);
  return {
    hosts: names.filter(({ tag }) => tag === DNS_NAME).map(({ content }) => content.toString()),
    addresses: names.filter(({ tag }) => tag === IP_ADDRESS).map(({ content }) => content),
  };
}

/** The values of an attribute in a distinguished name, as text. */
export function nameAttributes(name: Uint8Array, id: string): string[] {
  const sets = elementsOf(elementsOf(name)[0]?.content);
  return sets
    .flatMap(({ content }) => elementsOf(content))
    .flatMap(({ content }) => {
      const [type, value] = elementsOf(content);
      return type?.tag === OBJECT_IDENTIFIER && value !== undefined && dotted(type.content) === id
        ? [value.content.toString()]
        : [];
    });
}

/** An identifier that cannot be read equals no known one. */
function dotted(content: Buffer): string {
  return identifierOf(content) ?? `#${content.toString('hex')}`;
}
