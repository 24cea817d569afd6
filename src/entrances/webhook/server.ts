import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';

import type { Certificates } from '../../runtime/certificates.ts';

/** kube-apiserver keeps an idle connection for 90 s: it must be the side that closes it, or a review meets a closed one. */
const KEEP_ALIVE = 120_000;

/**
 * Makes the HTTPS server of the webhook.
 *
 * The times are for slow senders: kube-apiserver sends head and body at once, and gives up after the 2 s of the
 * registration, or 30 s at most.
 */
export function createWebhookServer(
  app: RequestListener,
  { certificate, key }: Pick<Certificates, 'certificate' | 'key'>,
): Server {
  return createServer(
    {
      cert: certificate,
      key,
      minVersion: 'TLSv1.2',
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
