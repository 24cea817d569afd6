// Calls kubelets: with a token of the service account for configz or, if there is none, the client certificate of the kubeconfig.
// No other credential is ever shown to a kubelet: a certificate gives nothing away, and that token can only read configz.

import { checkServerIdentity, createSecureContext, type SecureContext } from 'node:tls';

import { ApiFault } from '../../kube/api.ts';
import type { HttpAnswer } from '../../kube/http/answer.ts';
import { HttpFault } from '../../kube/http/fault.ts';
import { httpsUrl, send } from '../../kube/http/http.ts';
import { isKubeletAddress } from '../addresses.ts';
import type { NodeTarget } from '../evidence.ts';
import type { ReadNames } from '../serving-names.ts';
import { LIMIT } from './answer.ts';
import type { TokenSource } from './token.ts';

/** A certificate and its key, in PEM. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

/** How kubelets are called. */
export interface CallerOptions {
  readonly tokens: TokenSource;
  /** Gives the client certificate of the kubeconfig; undefined if it has none. */
  readonly certificate?: ((signal: AbortSignal) => Promise<ClientCertificate | undefined>) | undefined;
  /** The configured CA of the kubelets' serving certificates, in PEM. With it, a kubelet that does not verify gets no token. */
  readonly ca?: string | undefined;
  /**
   * The CA of the cluster, in PEM. Many kubelets serve with a self-signed certificate instead. They are asked too: the token
   * can only read configz.
   */
  readonly clusterCA?: string | undefined;
  /** Called when a kubelet got the token though its certificate did not verify, with the reason. */
  readonly unverified: (node: NodeTarget, reason: string) => void;
  /** Called when the client certificate is used instead of a token, with the reason. */
  readonly withoutToken?: ((reason: string) => void) | undefined;
  /** Reads the certificate, with which it checks that the server is the node; any other server gets no token. */
  readonly readNames?: ReadNames;
  /** The User-Agent header. */
  readonly userAgent?: string;
  /** Milliseconds for one kubelet. */
  readonly timeout: number;
}

/** What a kubelet is called for. */
export interface KubeletCall {
  readonly path: string;
  readonly accept: string;
}

/** An answer, and by which credential the kubelet knew its caller. */
export interface KubeletAnswer {
  readonly answer: HttpAnswer;
  readonly by: 'token' | 'certificate';
}

/** Calls one kubelet. Rejects with the reason if there is no answer. */
export type CallKubelet = (node: NodeTarget, call: KubeletCall, signal: AbortSignal) => Promise<KubeletAnswer>;

type Credential = { readonly token: string } | { readonly certificate: ClientCertificate };

/** Makes the calls. */
export function kubeletCaller(options: CallerOptions): CallKubelet {
  const { tokens, unverified } = options;
  const sendAs = sender(options);
  return async (node, call, signal) => {
    const credential = await credentialOf(options, signal);
    if ('certificate' in credential) return { answer: await sendAs(node, call, credential, signal), by: 'certificate' };
    let answer = await sendAs(node, call, credential, signal);
    if (answer.status === 401 && tokens.refused(credential.token)) {
      answer = await sendAs(node, call, { token: await until(signal, tokens.token()) }, signal);
    }
    if (answer.unverified !== undefined) unverified(node, answer.unverified);
    return { answer, by: 'token' };
  };
}

/** Gets a token. Only if there is no account to get one of, or no right to get one, the certificate is used. */
async function credentialOf(
  { tokens, certificate, withoutToken }: CallerOptions,
  signal: AbortSignal,
): Promise<Credential> {
  try {
    return { token: await until(signal, tokens.token()) };
  } catch (cause) {
    const isAbsent = cause instanceof ApiFault && (cause.status === 404 || cause.status === 403);
    const pair = isAbsent ? await certificate?.(signal).catch(() => undefined) : undefined;
    if (pair === undefined) throw cause;
    withoutToken?.((cause as ApiFault).message);
    return { certificate: pair };
  }
}

type Send = (node: NodeTarget, call: KubeletCall, credential: Credential, signal: AbortSignal) => Promise<HttpAnswer>;

function sender({ ca, clusterCA, readNames, timeout, userAgent = 'kubelet-guard' }: CallerOptions): Send {
  // without a CA nothing verifies: a certificate that the system's CAs signed proves nothing about a kubelet
  const authority = ca ?? clusterCA ?? [];
  const anonymous = createSecureContext({ ca: authority });
  let known: { readonly pair: ClientCertificate; readonly context: SecureContext } | undefined;
  const contextOf = (pair: ClientCertificate): SecureContext => {
    if (known?.pair.cert !== pair.cert || known.pair.key !== pair.key) {
      known = { pair, context: createSecureContext({ ca: authority, ...pair }) };
    }
    return known.context;
  };
  return (node, { path, accept }, credential, signal) => {
    const authorization = 'token' in credential ? { authorization: `Bearer ${credential.token}` } : {};
    const request = {
      url: httpsUrl(node.address, node.port, path),
      headers: { ...authorization, accept, 'user-agent': userAgent },
      tls: {
        secureContext: 'token' in credential ? anonymous : contextOf(credential.certificate),
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
