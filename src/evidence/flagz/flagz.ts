// Asks each kube-apiserver for `/flagz`.

import { loggedOutWords } from '../../policy/rights/denied.ts';
import { isIP, isIPv6 } from 'node:net';

import { asRecord, asRecords, parseJson } from '../../json.ts';
import type { RawDocument } from '../../policy/document.ts';
import type { AskedSource, ProblemCode } from '../../policy/reading.ts';
import { ApiFault, jsonOf, type Api, type ApiAnswer } from '../../kube/api.ts';
import { HttpFault } from '../../kube/http/fault.ts';

/** The API servers of a cluster, as far as they are asked. */
export interface FlagzOptions {
  /** The configured address. */
  readonly server: string;
  readonly request: Api;
  /** Milliseconds for one API server. */
  readonly timeout: number;
}

/** The versions of the answer, the newest first; a server that knows none of them answers 406. */
const VERSIONS = ['v1beta1', 'v1alpha1'];
const LIMIT = 4 * 1024 * 1024;
/** More API servers than any cluster has. */
const MOST = 64;
const SLICES =
  '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes';

/**
 * Asks each API server for its flags: those behind the Service `kubernetes`. If these are unknown or none can be reached, as
 * often from outside a cluster, the configured address is asked.
 *
 * If several API servers share an address, one of them answers.
 */
export async function askApiServers(options: FlagzOptions, signal: AbortSignal): Promise<readonly RawDocument[]> {
  const servers = await endpoints(options, signal);
  const documents = await Promise.all(servers.map((server) => ask(options, server, signal)));
  const isOutOfReach = documents.every(
    (document) => document.form === 'unanswered' && isUnreached(document.problem.code),
  );
  return isOutOfReach ? [...documents, await ask(options, undefined, signal)] : documents;
}

function isUnreached(code: ProblemCode): boolean {
  return code === 'unreachable' || code === 'timeout' || code === 'tls';
}

/** The addresses of the API servers; none if they are unknown. */
async function endpoints({ request, timeout }: FlagzOptions, signal: AbortSignal): Promise<readonly string[]> {
  try {
    const { items } = asRecord(jsonOf(await request({ path: SLICES, timeout, limit: LIMIT }, signal)));
    const slices = asRecords(items);
    return [...new Set(slices.flatMap(serversOf))].slice(0, MOST);
  } catch {
    return [];
  }
}

function serversOf({ endpoints, ports }: Readonly<Record<string, unknown>>): readonly string[] {
  const [port] = asRecords(ports).map((entry) => entry.port);
  if (typeof port !== 'number') return [];
  const addresses = (Array.isArray(endpoints) ? endpoints : []).flatMap((entry) => {
    const { addresses: found } = asRecord(entry);
    return Array.isArray(found) ? (found as unknown[]) : [];
  });
  return addresses
    .filter((address) => typeof address === 'string')
    .filter((address) => isIP(address) !== 0)
    .map((address) => `${isIPv6(address) ? `[${address}]` : address}:${port}`);
}

/** @param endpoint `host:port`, or undefined for the configured address */
async function ask(
  { server, request, timeout }: FlagzOptions,
  endpoint: string | undefined,
  signal: AbortSignal,
): Promise<RawDocument> {
  const source = { node: endpoint ?? hostAndPort(server), via: 'flagz' } as const;
  const other = endpoint === undefined ? {} : { server: `https://${endpoint}` };
  const attempt = (version: string | undefined): Promise<ApiAnswer> => {
    const accept = `application/json;v=${version ?? ''};g=config.k8s.io;as=Flagz`;
    return request({ path: '/flagz', accept, timeout, limit: LIMIT, ...other }, signal);
  };
  try {
    const [newest, ...older] = VERSIONS;
    let answer = await attempt(newest);
    for (const version of older) if (answer.status === 406) answer = await attempt(version);
    return flagzDocument(source, answer);
  } catch (cause) {
    const fault = cause instanceof ApiFault ? cause : undefined;
    const code = fault?.cause instanceof HttpFault ? fault.cause.code : 'unreachable';
    return unanswered(source, code, fault?.message ?? 'no reason given');
  }
}

/** The address of an API server as `host:port`, by which its documents name it. */
export function hostAndPort(server: string): string {
  const { hostname, port, protocol } = new URL(server);
  return `${hostname}:${port === '' ? (protocol === 'http:' ? '80' : '443') : port}`;
}

function flagzDocument(source: AskedSource, { status, text }: ApiAnswer): RawDocument {
  if (status !== 200) return unanswered(source, ...refusal(status));
  const value = parseJson(text);
  const { kind, flags } = asRecord(value);
  if (kind !== 'Flagz' || typeof flags !== 'object' || flags === null || Array.isArray(flags)) {
    return unanswered(
      source,
      'malformed',
      'the answer is no Flagz object; its text form is made for people and not read',
    );
  }
  return { form: 'flagz', source, value };
}

function refusal(status: number): readonly [ProblemCode, string] {
  if (status === 401) return ['unauthorized', loggedOutWords('HTTP 401')];
  if (status === 403) {
    return ['forbidden', `HTTP ${status}: add a ClusterRole rule with nonResourceURLs [/flagz] and verbs [get]`];
  }
  if (status === 404) {
    return [
      'not-found',
      'HTTP 404: no /flagz there; kube-apiserver has it from 1.36, or with its feature gate ComponentFlagz',
    ];
  }
  if (status === 406) {
    return [
      'not-found',
      'HTTP 406: this kube-apiserver gives its flags as text only, which is not read; 1.36 gives them as JSON',
    ];
  }
  return ['unreachable', `HTTP ${status}: no flags; see the log of kube-apiserver`];
}

function unanswered(source: AskedSource, code: ProblemCode, message: string): RawDocument {
  return { form: 'unanswered', component: 'kube-apiserver', wanted: 'flagz', source, problem: { code, message } };
}
