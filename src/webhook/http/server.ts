import type { RequestListener } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';

import type { Certificates } from '../../runtime/certificates/certificates.ts';

/** What the webhook proves itself with, and whom it answers. */
export interface ServingIdentity extends Pick<Certificates, 'certificate' | 'key'> {
  /** The CAs, in PEM, one of which must have signed the certificate of a client; without them none is asked for. */
  readonly clientCA?: string | undefined;
}

/** kube-apiserver keeps an idle connection for 90 s: it must be the side that closes it, or a review meets a closed one. */
const KEEP_ALIVE = 120_000;

/**
 * Makes the HTTPS server of the webhook.
 *
 * The times are for slow senders: kube-apiserver sends head and body at once, and gives up after the 2 s of the
 * registration, or 30 s at most.
 */
export function createWebhookServer(app: RequestListener, identity: ServingIdentity): Server {
  return createServer(
    {
      ...contextOf(identity),
      requestCert: identity.clientCA !== undefined,
      rejectUnauthorized: true,
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: 5000,
      headersTimeout: 5000,
      requestTimeout: 30_000,
      connectionsCheckingInterval: 1000,
      keepAliveTimeout: KEEP_ALIVE,
      maxHeaderSize: 16_384,
    },
    app,
  );
}

/** Serves new connections with another identity from now on; those that are open go on as they are. */
export function changeIdentity(server: Server, identity: ServingIdentity): void {
  server.setSecureContext(contextOf(identity));
}

/** All of it each time: what a change leaves out falls back to a default. */
function contextOf({
  certificate,
  key,
  clientCA,
}: ServingIdentity): Pick<ServerOptions, 'cert' | 'key' | 'ca' | 'minVersion'> {
  return { cert: certificate, key, minVersion: 'TLSv1.2', ...(clientCA !== undefined && { ca: clientCA }) };
}
