// Calls to an API server with the credentials of a kubeconfig or service account.

import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';

import { asRecord } from '../json.ts';
import { keptAgents, type AgentChoice, type ServerAccess } from './http/agents.ts';
import { ApiFault, truncated, type Api, type ApiAnswer, type ApiRequest } from './api.ts';
import type { CredentialSource, Credentials } from './kubeconfig/credentials.ts';
import { connectionLine } from './faults/connection.ts';
import type { LineTaker } from './http/answer.ts';
import { HttpFault } from './http/fault.ts';
import { send, stream, type HttpRequest } from './http/http.ts';
import { hostOf } from './http/proxy.ts';

/** An API server, and how to reach it. */
export interface Target extends ServerAccess {
  readonly server: string;
  /** The user agent, which audit logs show. */
  readonly userAgent: string;
  readonly credentials: CredentialSource;
}

/** The calls to an API server. */
export interface ClusterCalls {
  readonly request: Api;
  /** Calls back with each line of an answer, until the API server ends the answer. */
  readonly lines: (request: ApiRequest, take: LineTaker, signal: AbortSignal) => Promise<ApiAnswer>;
}

const PATIENCE = 30_000;
const LIMIT = 64 * 1024 * 1024;
const UNAUTHORIZED = 401;
/** A name in the certificate of every API server, by which the pods of its cluster call it. */
const SERVICE = 'kubernetes.default.svc';

/** Makes the calls to an API server. Each call reads the credentials, because tokens and certificates change. */
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
      throw apiFault(cause, request.server === undefined ? new URL(target.server) : undefined);
    }
  };
  return {
    request: (request, signal) => make(request, signal, (http) => sendFresh(http, signal)),
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

/** Sends again where the server closed a kept connection. Each failure removes a kept connection, so this ends. */
function sendFresh(request: HttpRequest, signal: AbortSignal): Promise<ApiAnswer> {
  return send(request, signal).catch((cause: unknown) => {
    const isStale = cause instanceof HttpFault && cause.wasReused && cause.code === 'unreachable';
    if (isStale && request.method === 'GET') return sendFresh(request, signal);
    throw cause;
  });
}

/**
 * Why a call failed, with the HTTP status where there is one.
 *
 * @param server the API server of the kubeconfig, where it was asked and no other one
 */
export function apiFault(cause: unknown, server?: URL): ApiFault {
  if (cause instanceof ApiFault) return cause;
  if (cause instanceof HttpFault && server !== undefined) {
    return new ApiFault(connectionLine(cause, server), undefined, { cause, code: cause.code });
  }
  const { message } = asRecord(cause);
  const words = typeof message === 'string' && message !== '' ? message : 'no reason given';
  return new ApiFault(truncated(words), undefined, { cause });
}

/**
 * The address of another API server comes from an object of the cluster. It gets the credentials only if its certificate is
 * that of an API server: a kubelet's certificate, for the address of its node and perhaps of the same CA, is not enough.
 */
function sameIdentity(name: string): NonNullable<HttpRequest['tls']> {
  return {
    ...(isIP(name) === 0 && { servername: name }),
    checkServerIdentity: (_host: string, certificate: PeerCertificate) =>
      checkServerIdentity(name, certificate) && checkServerIdentity(SERVICE, certificate),
  };
}
