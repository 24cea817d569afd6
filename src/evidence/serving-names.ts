// Reads the names in the serving certificate of a kubelet, by which a wrong server is recognised.

import { X509Certificate } from 'node:crypto';

import { comparable, comparableBytes } from '../policy/link/addresses.ts';
import type { ServingNames } from '../policy/link/identity.ts';
import { alternativeNames, nameAttributes, certificateFields } from './certificates/fields.ts';
import { pemBlocks } from './certificates/pem.ts';

const COMMON_NAME = '2.5.4.3';
const ORGANIZATION = '2.5.4.10';
const SUBJECT_ALT_NAME = '2.5.29.17';
/** The organization of every certificate that a cluster signs for a kubelet, and of no other server's. */
const KUBELETS = 'system:nodes';

/** CAs that kubelets can have their serving certificates of, in PEM. */
export interface KubeletAuthorities {
  /** Signs kubelets alone: the one that is configured for that. */
  readonly kubelets?: string | undefined;
  /** Signs other servers too. */
  readonly cluster?: string | undefined;
}

/** Reads the names of a serving certificate in DER; undefined if it is none. */
export type ReadNames = (der: Uint8Array | undefined) => ServingNames | undefined;

/** Makes what reads serving certificates. */
export function servingNamesBy({ kubelets, cluster }: KubeletAuthorities): ReadNames {
  const ownCAs = lazily(() => certificatesOf(kubelets));
  const clusterCAs = lazily(() => certificatesOf(cluster));
  return (der) => {
    const fields = der && certificateFields(der);
    if (der === undefined || fields === undefined) return undefined;
    const extension = fields.extensions.find(({ id }) => id === SUBJECT_ALT_NAME);
    const { hosts, addresses } = extension ? alternativeNames(extension.value) : { hosts: [], addresses: [] };
    return {
      commonName: nameAttributes(fields.subject, COMMON_NAME).at(-1)?.toLowerCase(),
      hosts: hosts.map(comparable),
      addresses: addresses.map(comparableBytes).filter((address) => address !== undefined),
      isKubelet: () =>
        isSigned(der, ownCAs()) ||
        (nameAttributes(fields.subject, ORGANIZATION).includes(KUBELETS) && isSigned(der, clusterCAs())),
    };
  };
}

function certificatesOf(pem = ''): X509Certificate[] {
  return [...pemBlocks(pem)].flatMap(({ type, bytes }) => {
    try {
      return type === 'CERTIFICATE' ? [new X509Certificate(bytes)] : [];
    } catch {
      return [];
    }
  });
}

function isSigned(der: Uint8Array, authorities: readonly X509Certificate[]): boolean {
  try {
    const certificate = new X509Certificate(der);
    return authorities.some((ca) => certificate.checkIssued(ca) && certificate.verify(ca.publicKey));
  } catch {
    return false;
  }
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
