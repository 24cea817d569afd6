// Asks kubelets for `/configz`, with a token of the service account for configz.

import { checkServerIdentity, createSecureContext } from 'node:tls';

import { isKubeletAddress } from '../addresses.ts';
import type { KubeletEvidence, NodeTarget } from '../evidence.ts';
import type { HttpAnswer } from '../../kube/http/answer.ts';
import { HttpFault } from '../../kube/http/fault.ts';
import { httpsUrl, send } from '../../kube/http/http.ts';
import type { ReadNames } from '../serving-names.ts';
import { configzDocument, LIMIT, reasonOf, refusal, unanswered } from './answer.ts';
import type { TokenSource } from './token.ts';

/** How kubelets are asked for `/configz`. */
export interface ConfigzOptions {
  readonly tokens: TokenSource;
  /** The configured CA of the kubelets' serving certificates, in PEM. With it, a kubelet that does not verify gets no token. */
  readonly ca?: string | undefined;
  /**
   * The CA of the cluster, in PEM. Many kubelets serve with a self-signed certificate instead. They are asked too: the token
   * can only read configz.
   */
  readonly clusterCA?: string | undefined;
  /** Called when a kubelet got the token though its certificate did not verify, with the reason. */
  readonly unverified: (node: NodeTarget, reason: string) => void;
  /** Reads the certificate, with which it checks that the server is the node; any other server gets no token. */
  readonly readNames?: ReadNames;
  /** The User-Agent header. */
  readonly userAgent?: string;
  /** Milliseconds for one kubelet. */
  readonly timeout: number;
}

/** Asks the kubelet itself, with a token. */
export function configzEvidence(options: ConfigzOptions): KubeletEvidence {
  const { tokens, ca, clusterCA, unverified, readNames, timeout, userAgent = 'kubelet-guard' } = options;
  const authority = ca ?? clusterCA;
  // without a CA nothing verifies: a certificate that the system's CAs signed proves nothing about a kubelet
  const secureContext = createSecureContext({ ca: authority ?? [] });
  const call = (node: NodeTarget, token: string, signal: AbortSignal): Promise<HttpAnswer> => {
    const request = {
      url: httpsUrl(node.address, node.port, '/configz'),
      headers: { authorization: `Bearer ${token}`, accept: 'application/json', 'user-agent': userAgent },
      tls: {
        secureContext,
        rejectUnauthorized: ca !== undefined,
        checkServerIdentity: (host: string, certificate: Parameters<typeof checkServerIdentity>[1]) =>
          checkServerIdentity(host, certificate) && checkServerIdentity(node.name, certificate),
      },
      ...(node.identityProblem && {
        identityProblem: (der: Uint8Array | undefined) => node.identityProblem?.(readNames?.(der)),
      }),
      accepts: (address: string) => address === node.address || isKubeletAddress(address),
      timeout,
      limit: LIMIT,
    };
    return send(request, signal);
  };
  return {
    name: 'configz',
    wanted: 'configz',
    ask: async (node, signal) => {
      const source = { node: node.name, via: 'configz' } as const;
      try {
        const token = await until(signal, tokens.token());
        let answer = await call(node, token, signal);
        if (answer.status === 401 && tokens.refused(token)) {
          answer = await call(node, await until(signal, tokens.token()), signal);
        }
        if (answer.unverified !== undefined) unverified(node, answer.unverified);
        return answer.status === 200 ? configzDocument(source, answer) : unanswered(source, ...refusal(answer.status));
      } catch (cause) {
        return unanswered(source, ...reasonOf(cause, signal));
      }
    },
  };
}

/** Waits for a shared promise, but not longer than the signal. */
async function until<T>(signal: AbortSignal, shared: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => {
    reject(new HttpFault('timeout', 'stopped before there was an answer'));
  };
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([shared, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
