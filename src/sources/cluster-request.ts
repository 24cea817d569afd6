// Calls to an API server with the credentials of a kubeconfig or service account.

import { Agent as PlainAgent, type Agent } from 'node:http';
import { Agent as TlsAgent, type RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';

import type { KubeConfig } from '@kubernetes/client-node';

import { ApiFault, bounded, fieldsOf, type Api, type ApiAnswer } from './api.ts';
import { HttpFault, send, type HttpRequest } from './http.ts';

const PATIENCE = 30_000;
const LIMIT = 64 * 1024 * 1024;
/** A balancer on the way may have forgotten a connection that was idle for longer. */
const IDLE = 15_000;
/** The name that the certificate of every API server has for the pods of its cluster. */
const SERVICE = 'kubernetes.default.svc';

/** Makes the calls to the API server at an address. Credentials are read for each call: tokens and certificates change. */
export function clusterRequest(config: KubeConfig, server: string): Api {
  const agentOf = keptAgents();
  return async ({ method = 'GET', path, body, accept, server: other, timeout, limit }, signal) => {
    try {
      const credentials: RequestOptions = {};
      await config.applyToHTTPSOptions(credentials);
      const isProxied = Boolean(config.getCurrentCluster()?.proxyUrl);
      const request: HttpRequest = {
        url: new URL(`${(other ?? server).replace(/\/$/, '')}${path}`),
        method,
        headers: headersOf(credentials, {
          accept: accept ?? 'application/json',
          ...(body !== undefined && { 'content-type': `application/${method === 'PATCH' ? 'merge-patch+' : ''}json` }),
        }),
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(other !== undefined && { tls: sameIdentity(credentials.servername ?? hostOf(server)) }),
        agent: isProxied ? (credentials.agent as Agent) : agentOf(credentials, other ?? server),
        timeout: timeout ?? PATIENCE,
        limit: limit ?? LIMIT,
      };
      return await sendAnew(request, signal);
    } catch (cause) {
      throw apiFault(cause);
    }
  };
}

/** The server may have closed a kept connection that is just taken up; a failure uses it up, so this comes to an end. */
function sendAnew(request: HttpRequest, signal: AbortSignal): Promise<ApiAnswer> {
  return send(request, signal).catch((cause: unknown) => {
    const isStale = cause instanceof HttpFault && cause.wasReused && cause.code === 'unreachable';
    if (isStale && request.method === 'GET') return sendAnew(request, signal);
    throw cause;
  });
}

/** Why a call failed, with the HTTP status where there is one. */
export function apiFault(cause: unknown): ApiFault {
  if (cause instanceof ApiFault) return cause;
  const { message, statusCode, cause: inner } = fieldsOf(cause);
  // fetch says only "fetch failed", and has the reason inside; where several addresses were tried, only a code
  const { message: reason, code } = fieldsOf(inner);
  const [words = 'no reason given'] = [reason, code, message].filter((text) => typeof text === 'string' && text !== '');
  const status = typeof statusCode === 'number' ? statusCode : undefined;
  return new ApiFault(bounded(`${status === undefined ? '' : `HTTP ${status}: `}${String(words)}`), status, { cause });
}

/** One agent, until the certificates change. */
function keptAgents(): (credentials: RequestOptions, server: string) => Agent {
  const plain = new PlainAgent({ keepAlive: true, timeout: IDLE });
  let kept: { readonly material: string; readonly agent: Agent } | undefined;
  return ({ ca, cert, key, passphrase, servername, rejectUnauthorized }, server) => {
    if (new URL(server).protocol === 'http:') return plain;
    const tls = { ca, cert, key, passphrase, servername, rejectUnauthorized };
    const given = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
    const material = (Object.values(tls) as readonly (Buffer | string | boolean | undefined)[]).join('\n');
    // connections of the agent before are closed when they were idle for a while
    if (kept?.material !== material) {
      kept = { material, agent: new TlsAgent({ keepAlive: true, timeout: IDLE, ...given }) };
    }
    return kept.agent;
  };
}

function headersOf({ headers, auth }: RequestOptions, own: Readonly<Record<string, string>>): Record<string, string> {
  const given = Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]);
  const basic = auth ? { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {};
  return { ...basic, ...(Object.fromEntries(given) as Record<string, string>), ...own, 'user-agent': 'kubelet-guard' };
}

/**
 * What is known of another API server comes from an object of the cluster. It gets the credentials only as an API server:
 * a kubelet's certificate, for the address of its node and perhaps of the same CA, is not enough.
 */
function sameIdentity(name: string): NonNullable<HttpRequest['tls']> {
  return {
    ...(isIP(name) === 0 && { servername: name }),
    checkServerIdentity: (_host: string, certificate: PeerCertificate) =>
      checkServerIdentity(name, certificate) && checkServerIdentity(SERVICE, certificate),
  };
}

function hostOf(server: string): string {
  return new URL(server).hostname.replace(/^\[|\]$/g, '');
}
