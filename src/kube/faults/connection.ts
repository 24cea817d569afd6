// Why an API server cannot be reached or verified: what is wrong, what kubectl says about it, and what to do.

import { isIP } from 'node:net';

import { asRecord } from '../../json.ts';
import type { HttpFault } from '../http/fault.ts';
import { ProxyFault } from '../http/tunnel.ts';

/** A fault in words. */
interface Words {
  readonly what: string;
  /** The words of kubectl, which people search for; undefined if they differ from case to case. */
  readonly kubectl?: string | undefined;
  readonly remedy: string;
}

const UNABLE = 'Unable to connect to the server: ';
const UNVERIFIED = `${UNABLE}tls: failed to verify certificate: x509: `;
const PROXY_REMEDY = 'check proxy-url in the kubeconfig, HTTPS_PROXY and NO_PROXY';
const ROUTE_REMEDY = 'check the network from here to it: VPN, firewall, routes, and whether the server runs';
const CA_REMEDY =
  "check certificate-authority in the kubeconfig: the cluster's CA may be new, or something between here and the server answers in its place";

/** One line: what is wrong, in kubectl's words too, and what to do. */
export function faultLine({ what, kubectl, remedy }: Words): string {
  return `${what}${kubectl === undefined ? '' : ` (kubectl: "${kubectl}")`}; ${remedy}`;
}

/** The line of a call that an API server did not answer. */
export function connectionLine(fault: HttpFault, server: URL): string {
  const { what, ...rest } = fault.cause instanceof ProxyFault ? proxyWords(fault.cause, server) : words(fault, server);
  return faultLine({ what: `${server.origin}: ${what}`, ...rest });
}

function proxyWords(fault: ProxyFault, { host }: URL): Words {
  const isRefused = asRecord(fault.cause).code === 'ECONNREFUSED';
  const kubectl = isRefused
    ? `The connection to the server ${host} was refused`
    : fault.message.includes('HTTP 407')
      ? `${UNABLE}Proxy Authentication Required`
      : undefined;
  const reason = isRefused ? fault.message.replace(/: connect .*/, ': connection refused') : fault.message;
  return { what: reason, kubectl, remedy: PROXY_REMEDY };
}

function words({ code, message, cause }: HttpFault, server: URL): Words {
  const { code: system, cert } = asRecord(cause);
  const known = FAULTS[String(system)];
  if (known !== undefined) return known(server);
  if (system === 'ERR_TLS_CERT_ALTNAME_INVALID') return wrongName(server, String(asRecord(cert).subjectaltname));
  if (/CERT_SIGNATURE|ISSUER|SELF_SIGNED|UNABLE_TO_VERIFY|CERT_UNTRUSTED/.test(String(system))) {
    const what = 'its certificate is not signed by a CA of the kubeconfig';
    return { what, kubectl: `${UNVERIFIED}certificate signed by unknown authority`, remedy: CA_REMEDY };
  }
  if (code === 'timeout') return { what: message, kubectl: UNABLE.slice(0, -2), remedy: ROUTE_REMEDY };
  if (message.includes('wrong version number')) {
    const kubectl = 'http: server gave HTTP response to HTTPS client';
    const remedy = 'check the server address of the context: an API server speaks TLS';
    return { what: 'what listens there does not speak TLS', kubectl, remedy };
  }
  if (code === 'tls') return { what: message, remedy: 'check that an API server with TLS listens at this port' };
  return { what: message, remedy: ROUTE_REMEDY };
}

const MOST_NAMES = 10;
const NOT_VALID = 'certificate has expired or is not yet valid';

const FAULTS: Readonly<Partial<Record<string, (server: URL) => Words>>> = {
  ECONNREFUSED: ({ host }) => ({
    what: 'connection refused: nothing listens there',
    kubectl: `The connection to the server ${host} was refused`,
    remedy: 'check the server address of the context, and whether kube-apiserver runs',
  }),
  ENOTFOUND: ({ hostname }) => ({
    what: `the name ${hostname} does not exist`,
    kubectl: 'no such host',
    remedy: 'check the server address of the context; a private name may need a VPN',
  }),
  EAI_AGAIN: ({ hostname }) => ({
    what: `no name server answers for ${hostname}`,
    remedy: 'check the DNS of this machine, and the VPN',
  }),
  EHOSTUNREACH: () => ({ what: 'no route to it', kubectl: 'connect: no route to host', remedy: ROUTE_REMEDY }),
  ENETUNREACH: () => ({ what: 'no route to it', kubectl: 'connect: network is unreachable', remedy: ROUTE_REMEDY }),
  ETIMEDOUT: () => ({ what: 'no answer to the connection', kubectl: 'i/o timeout', remedy: ROUTE_REMEDY }),
  CERT_HAS_EXPIRED: () => ({
    what: 'its certificate has expired, or the clock of this machine is wrong',
    kubectl: `${UNVERIFIED}${NOT_VALID}`,
    remedy: 'renew the certificate of kube-apiserver (kubeadm certs renew apiserver)',
  }),
  CERT_NOT_YET_VALID: () => ({
    what: 'its certificate is not valid yet, or the clock of this machine is wrong',
    kubectl: `${UNVERIFIED}${NOT_VALID}`,
    remedy: 'check the clocks of this machine and of the server',
  }),
};

function wrongName({ hostname }: URL, alternatives: string): Words {
  const host = hostname.replace(/^\[|\]$/g, '');
  const names = alternatives.split(', ').map((name) => name.split(':'));
  const shown = names.map(([, ...name]) => name.join(':')).slice(0, MOST_NAMES);
  const wanted = isIP(host) === 0 ? 'DNS' : 'IP Address';
  const same = names.filter(([kind]) => kind === wanted).map(([, ...name]) => name.join(':'));
  const isFew = same.length > 0 && same.length <= MOST_NAMES;
  return {
    what: `its certificate is not for ${host}, but for ${shown.join(', ')}`,
    kubectl: isFew ? `${UNVERIFIED}certificate is valid for ${same.join(', ')}, not ${host}` : undefined,
    remedy:
      'check the server address of the context, or set tls-server-name in the kubeconfig to a name of the certificate',
  };
}
