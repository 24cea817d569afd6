// The name of a node, found as its kubelet finds it.

import { pemFacts } from '../../evidence/certificates/certificates.ts';
import { kernelName } from './kernel-name.ts';
import { clientCertificateOf, hostnameOverride } from '../../facts/kubelet/node-name.ts';
import type { ProcessDocument } from '../../policy/document.ts';
import { HOST } from '../allowances.ts';

/** The name of a node, and what has to be known about it. */
export interface NodeName {
  readonly name: string;
  /** It may be another one; undefined if it is as the kubelet finds it. */
  readonly note?: string;
}

/** Stands for a name that nothing shows. */
const UNNAMED = 'unnamed';
/** The user name of a kubelet before the name of its node (kubernetes pkg/auth/nodeidentifier). */
const USER = 'system:node:';
const HOSTNAME = '/etc/hostname';

/**
 * Finds the name of the node that a process runs on: the kubelet's --hostname-override, the subject of its client certificate, the
 * kernel's name. `/etc/hostname` is what the kernel's name is set from at boot; other programs can set it later.
 *
 * @param directory the folder of the process below /proc, if it runs
 */
export function nameOfNode(found: ProcessDocument, root: string, directory?: string): NodeName {
  const isKubelet = found.subject.component === 'kubelet';
  const override = isKubelet ? nameIn(hostnameOverride(found, HOST)) : '';
  if (override !== '') return { name: override };
  const certified = isKubelet ? nameIn(certifiedName(found)) : '';
  if (certified !== '') return { name: certified };
  const kernel = kernelName(root, directory);
  const known = nameIn(kernel.name);
  if (known !== '') return { name: known };
  const content = found.files.readFile(HOSTNAME);
  const written = nameIn(content.state === 'read' ? content.text : undefined);
  const unknown = `neither the kubelet's --hostname-override, nor its client certificate, nor the kernel's name of this host can be read below ${root}`;
  if (written === '') {
    return { name: UNNAMED, note: `the name of the node is not known, so it is called "${UNNAMED}" here: ${unknown}` };
  }
  if (kernel.isCopy) return { name: written };
  return {
    name: written,
    note: `the node may have another name than ${written}, which is from ${HOSTNAME}: ${unknown}`,
  };
}

/** As the kubelet does: without blanks at both ends, in lower case. */
function nameIn(text: string | undefined): string {
  return (text ?? '').trim().toLowerCase();
}

function certifiedName(kubelet: ProcessDocument): string | undefined {
  const place = clientCertificateOf(kubelet, HOST);
  if (place === undefined) return undefined;
  const content =
    'pem' in place
      ? ({ state: 'read', bytes: Buffer.from(place.pem, 'base64') } as const)
      : kubelet.files.readBytes(place.path);
  if (content.state !== 'read' || content.bytes.length > MOST_BYTES) return undefined;
  const [client] = pemFacts(content.bytes).certificates;
  return client?.commonName?.startsWith(USER) === true ? client.commonName.slice(USER.length) : undefined;
}

/** Many times a certificate with its key. Anybody may name a file that takes long to parse. */
const MOST_BYTES = 512 * 1024;
