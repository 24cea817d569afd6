// Calls to an API server with the credentials of a kubeconfig or service account.

import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';

import { asRecord } from '../json.ts';
import { keptAgents, type AgentChoice, type Reach } from './http/agents.ts';
import { ApiFault, bounded, type Api, type ApiAnswer, type ApiRequest } from './api.ts';
import type { CredentialSource, Credentials } from './kubeconfig/credentials.ts';
import type { LineTaker } from './http/answer.ts';
import { HttpFault } from './http/fault.ts';
import { send, stream, type HttpRequest } from './http/http.ts';
import { hostOf } from './http/proxy.ts';

/** The API server, and how it is reached. */
export interface Target extends Reach {
  readonly server: string;
  /** How it is called by; audit logs have it. */
  readonly userAgent: string;
  readonly credentials: CredentialSource;
}

/** What is called over a connection to the API server. */
export interface ClusterCalls {
  readonly request: Api;
  /** Hands over the lines of an answer as they come, until the API server ends it. */
  readonly lines: (request: ApiRequest, take: LineTaker, signal: AbortSignal) => Promise<ApiAnswer>;
}

const PATIENCE = 30_000;
const LIMIT = 64 * 1024 * 1024;
const UNAUTHORIZED = 401;
/** The name that the certificate of every API server has for the pods of its cluster. */
const SERVICE = 'kubernetes.default.svc';

/** Makes the calls to an API server. Credentials are read for each call: tokens and certificates change. */
export function clusterCalls(target: Target): ClusterCalls {
  const agentOf = keptAgents(target);
  const make = async (
    request: ApiRequest,
    signal: AbortSignal,
    via: (request: HttpRequest) => Promise<ApiAnswer>,
  ): Promise<ApiAnswer> => {
    try {
      const credentials = await target.credentials.current(signal);
      const answer = await via(httpRequest(request, target, credentials, agentOf));
      if (answer.status !== UNAUTHORIZED || !target.credentials.refused(credentials)) return answer;
      const renewed = await target.credentials.current(signal);
      return await via(httpRequest(request, target, renewed, agentOf));
    } catch (cause) {
      throw apiFault(cause);
    }
  };
  return {
    request: (request, signal) => make(request, signal, (http) => sendAnew(http, signal)),
    lines: (request, take, signal) => make(request, signal, (http) => stream(http, take, signal)),
  };
}

function httpRequest(
  { method = 'GET', path, body, accept, server: other, timeout, silence, limit }: ApiRequest,
  target: Target,
  credentials: Credentials,
  agentOf: AgentChoice,
): HttpRequest {
  const url = new URL(`${(other ?? target.server).replace(/\/$/, '')}${path}`);
  return {
    url,
    method,
    headers: {
      ...credentials.headers,
      accept: accept ?? 'application/json',
      ...(body !== undefined && { 'content-type': `application/${method === 'PATCH' ? 'merge-patch+' : ''}json` }),
      'user-agent': target.userAgent,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(other !== undefined && { tls: sameIdentity(target.serverName ?? hostOf(new URL(target.server))) }),
    ...agentOf(url, credentials.certificate),
    timeout: timeout ?? PATIENCE,
    ...(silence !== undefined && { silence }),
    limit: limit ?? LIMIT,
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
  const { message } = asRecord(cause);
  const words = typeof message === 'string' && message !== '' ? message : 'no reason given';
  return new ApiFault(bounded(words), undefined, { cause });
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
