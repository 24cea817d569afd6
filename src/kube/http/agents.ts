// The agents that keep connections to an API server, also through a proxy: one CONNECT for each connection.

import { Agent as PlainAgent, type Agent } from 'node:http';
import { Agent as TlsAgent, type AgentOptions } from 'node:https';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

import type { Credentials } from '../kubeconfig/credentials.ts';
import type { HttpRequest } from './http.ts';
import { openTunnel, type Destination } from './tunnel.ts';

/** How to reach and verify an API server. */
export interface ServerAccess {
  /** The CAs in PEM; read for each call. */
  readonly ca: () => string | undefined;
  readonly skipVerify: boolean;
  /** The name that its certificate must have; the host of its address by default. */
  readonly serverName: string | undefined;
  /** The proxy for a server, if there is one. */
  readonly proxyTo: (server: URL) => URL | undefined;
}

/** Chooses the connections for a call. */
export type AgentChoice = (
  url: URL,
  certificate: Credentials['certificate'],
) => Pick<HttpRequest, 'agent' | 'forwardedBy'>;

/** A load balancer may drop a connection that was idle for longer. */
const KEPT = { keepAlive: true, timeout: 15_000 };

/** One agent, until the certificates change. */
export function keptAgents({ ca, skipVerify, serverName, proxyTo }: ServerAccess): AgentChoice {
  const plain = new PlainAgent(KEPT);
  const tunneling = new TunnelingPlainAgent(proxyTo);
  let kept: { readonly material: string; readonly agent: Agent } | undefined;
  return (url, certificate) => {
    if (url.protocol === 'http:') {
      const proxy = proxyTo(url);
      if (proxy?.protocol === 'http:') return { agent: plain, forwardedBy: proxy };
      return { agent: proxy === undefined ? plain : tunneling };
    }
    const authority = ca();
    const given: AgentOptions = {
      ...certificate,
      ...(authority !== undefined && { ca: authority }),
      ...(serverName !== undefined && { servername: serverName }),
      ...(skipVerify && { rejectUnauthorized: false }),
    };
    const material = JSON.stringify(given);
    // idle connections of the previous agent close by themselves
    if (kept?.material !== material) kept = { material, agent: new TunnelingAgent(given, proxyTo, authority) };
    return { agent: kept.agent };
  };
}

type Callback = Parameters<TlsAgent['createConnection']>[1];

class TunnelingAgent extends TlsAgent {
  readonly #proxyTo: ServerAccess['proxyTo'];
  readonly #ca: string | undefined;

  constructor(options: AgentOptions, proxyTo: ServerAccess['proxyTo'], ca: string | undefined) {
    super({ ...KEPT, ...options });
    this.#proxyTo = proxyTo;
    this.#ca = ca;
  }

  override createConnection(options: Parameters<TlsAgent['createConnection']>[0], callback?: Callback) {
    const to = destinationOf(options);
    const proxy = this.#proxyTo(urlOf('https', to));
    if (proxy === undefined) return super.createConnection(options, callback);
    // as Go does: the CA of the cluster must have signed an HTTPS proxy too
    openTunnel(proxy, to, this.#ca).then(
      (socket) => callback?.(null, connectTls({ ...(options as ConnectionOptions), socket })),
      (cause: unknown) => callback?.(cause as Error, undefined as never),
    );
    return undefined;
  }
}

class TunnelingPlainAgent extends PlainAgent {
  readonly #proxyTo: ServerAccess['proxyTo'];

  constructor(proxyTo: ServerAccess['proxyTo']) {
    super(KEPT);
    this.#proxyTo = proxyTo;
  }

  override createConnection(options: Parameters<PlainAgent['createConnection']>[0], callback?: Callback) {
    const to = destinationOf(options);
    const proxy = this.#proxyTo(urlOf('http', to));
    if (proxy === undefined) return super.createConnection(options, callback);
    openTunnel(proxy, to, undefined).then(
      (socket) => callback?.(null, socket),
      (cause: unknown) => callback?.(cause as Error, undefined as never),
    );
    return undefined;
  }
}

function destinationOf({
  host,
  port,
}: {
  host?: string | null | undefined;
  port?: string | number | null | undefined;
}): Destination {
  return { host: (host ?? '').replace(/^\[|\]$/g, ''), port: Number(port) };
}

function urlOf(scheme: string, { host, port }: Destination): URL {
  return new URL(`${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`);
}
