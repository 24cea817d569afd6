// The HTTPS server of the webhook: TLS and timeouts.

import type { RequestListener } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';

import type { Certificates } from '../../runtime/certificates/certificates.ts';

/** The webhook's certificate, and the CAs of its clients. */
export interface ServingIdentity extends Pick<Certificates, 'certificate' | 'key'> {
  /** CAs in PEM. If given, a client needs a certificate that one of them has signed. */
  readonly clientCA?: string | undefined;
}

/** Milliseconds. kube-apiserver closes an idle connection after 90 s. The webhook waits longer, so that no review is sent on a closed one. */
const KEEP_ALIVE = 120_000;

/**
 * Makes the HTTPS server of the webhook.
 *
 * The timeouts are for slow clients: kube-apiserver sends header and body at once, and gives up after the `timeoutSeconds`
 * of the ValidatingWebhookConfiguration: 2 s as shipped, 30 s at most.
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

/** Uses another certificate and other CAs for new connections. Open connections are not affected. */
export function changeIdentity(server: Server, identity: ServingIdentity): void {
  server.setSecureContext(contextOf(identity));
}

/** The whole context each time: a field that is left out falls back to its default. */
function contextOf({
  certificate,
  key,
  clientCA,
}: ServingIdentity): Pick<ServerOptions, 'cert' | 'key' | 'ca' | 'minVersion'> {
  return { cert: certificate, key, minVersion: 'TLSv1.2', ...(clientCA !== undefined && { ca: clientCA }) };
}
