import { checkServerIdentity, createSecureContext } from 'node:tls';

import { asRecord, isRecord, parseJson } from '../../json.ts';
import type { RawDocument } from '../../policy/document.ts';
import type { AskedSource, ProblemCode } from '../../policy/reading.ts';
import { isKubeletAddress } from '../addresses.ts';
import { ApiFault, bounded, type Api, type ApiAnswer } from '../../kube/api.ts';
import type { KubeletEvidence, NodeTarget } from '../evidence.ts';
import { HttpFault, httpsUrl, send, type HttpAnswer } from '../../kube/http/http.ts';
import type { ReadNames } from '../serving-names.ts';
import type { TokenSource } from './token.ts';

/** How kubelets are asked for `/configz`. */
export interface ConfigzOptions {
  readonly tokens: TokenSource;
  /** The configured CA of the kubelets' serving certificates, in PEM: whose certificate does not verify gets no token. */
  readonly ca?: string | undefined;
  /**
   * The CA of the cluster, in PEM. Many kubelets serve with a certificate of their own making instead: those are asked all
   * the same, for the token can do nothing but read configz.
   */
  readonly clusterCA?: string | undefined;
  /** A kubelet was given the token though its certificate did not verify, and why it did not. */
  readonly unverified: (node: NodeTarget, reason: string) => void;
  /** Reads the certificate, where a node can tell a stranger by it: that gets no token. */
  readonly readNames?: ReadNames;
  /** How kubelets are told who asks. */
  readonly userAgent?: string;
  /** Milliseconds for one kubelet. */
  readonly timeout: number;
}

/** How kubelets are asked for `/configz` through kube-apiserver. */
export interface ConfigzProxyOptions {
  readonly request: Api;
  /** Milliseconds for one kubelet. */
  readonly timeout: number;
}

const LIMIT = 4 * 1024 * 1024;

/** Asks the kubelet itself, with a token. */
export function configzEvidence(options: ConfigzOptions): KubeletEvidence {
  const { tokens, ca, clusterCA, unverified, readNames, timeout, userAgent = 'kubelet-guard' } = options;
  const authority = ca ?? clusterCA;
  // with none at all: what verifies by the roots of the system is no kubelet that is known
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
      ...(node.stranger && { stranger: (der: Uint8Array | undefined) => node.stranger?.(readNames?.(der)) }),
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
        return unanswered(source, ...faultWords(cause, signal));
      }
    },
  };
}

/**
 * Asks kube-apiserver to ask the kubelet, with its own client certificate. Of the problem codes, `unauthorized` means that
 * the kubelet did not know who called: it asked for no certificate, or was shown none that it accepts, so the link is broken.
 * `forbidden` means that kube-apiserver refused to pass the call on, or that the kubelet knew its caller and refused.
 */
export function configzProxyEvidence({ request, timeout }: ConfigzProxyOptions): KubeletEvidence {
  return {
    name: 'configz-proxy',
    wanted: 'configz',
    ask: async (node, signal) => {
      const source = { node: node.name, via: 'configz-proxy' } as const;
      // with a port that is not the kubelet's, kube-apiserver would call without its certificate (pkg/registry/core/node/
      // strategy.go, ResourceLocation, v1.37.2): so none is named
      const path = `/api/v1/nodes/${encodeURIComponent(node.name)}/proxy/configz`;
      try {
        const answer = await request({ path, timeout, limit: LIMIT }, signal);
        return answer.status === 200 ? configzDocument(source, answer) : unanswered(source, ...proxyRefusal(answer));
      } catch (cause) {
        return unanswered(source, ...faultWords(cause, signal));
      }
    },
  };
}

function configzDocument(source: AskedSource, { text }: ApiAnswer): RawDocument {
  const value = parseJson(text);
  if (!isRecord(value) || !isRecord(value.kubeletconfig)) {
    return unanswered(source, 'malformed', 'the answer is no configz of a kubelet; see what listens at its port');
  }
  return { form: 'configz', source, value };
}

type Reason = readonly [code: ProblemCode, message: string];

function refusal(status: number): Reason {
  if (status === 401) {
    return [
      'unauthorized',
      'HTTP 401: the kubelet did not accept the token; its authentication.webhook.enabled is false, or it cannot have tokens reviewed by kube-apiserver (see its log), or the token is not valid any more',
    ];
  }
  if (status === 403) {
    return [
      'forbidden',
      'HTTP 403: the kubelet knows the account and refuses it; allow the account to get nodes/configz (apply the manifests). Kubelets before 1.33 know only nodes/proxy, which amounts to running commands on the node and is not asked for: rely on the handshake there',
    ];
  }
  if (status === 404) {
    return [
      'not-found',
      'HTTP 404: no configz there; the kubelet has enableDebuggingHandlers: false, or what listens there is no kubelet',
    ];
  }
  return ['unreachable', `HTTP ${status}: no configz; see the log of the kubelet`];
}

const REFUSED_CALL = "the kubelet refused kube-apiserver's call";

/** What the kubelet says comes as plain text, what kube-apiserver says as a Status. */
function proxyRefusal({ status, text }: ApiAnswer): Reason {
  const { kind, message } = asRecord(parseJson(text));
  if (kind === 'Status') return ownRefusal(status, typeof message === 'string' ? bounded(message) : 'no reason given');
  if (status === 401) {
    return [
      'unauthorized',
      `${REFUSED_CALL} with HTTP 401: kube-apiserver presents no client certificate, or the kubelet has no client CA or another one`,
    ];
  }
  if (status === 403) {
    // the kubelet's words begin with the user (pkg/kubelet/server/server.go, "Forbidden (user=%s, ")
    if (/^Forbidden \(user=system:anonymous[,)]/.test(text)) {
      return [
        'unauthorized',
        `${REFUSED_CALL} with HTTP 403 as one of system:anonymous: kube-apiserver presents no client certificate, or the kubelet has no client CA`,
      ];
    }
    return [
      'forbidden',
      `${REFUSED_CALL} with HTTP 403, though it knows its caller: bind the user of --kubelet-client-certificate to the ClusterRole system:kubelet-api-admin`,
    ];
  }
  return refusal(status);
}

function ownRefusal(status: number, message: string): Reason {
  const words = `kube-apiserver answers HTTP ${status}: ${message}`;
  if (status === 401) return ['forbidden', `${words}; it does not accept these credentials`];
  if (status === 403)
    return ['forbidden', `${words}; allow get nodes/proxy, or leave configz-proxy out of the evidence`];
  if (status === 404) return ['not-found', words];
  return [/x509|tls: /.test(message) ? 'tls' : 'unreachable', words];
}

function faultWords(cause: unknown, signal: AbortSignal): Reason {
  if (signal.aborted) return ['timeout', 'stopped before there was an answer'];
  const fault = cause instanceof ApiFault && cause.cause instanceof HttpFault ? cause.cause : cause;
  if (fault instanceof HttpFault) return [fault.code, `${fault.message}${adviceFor(fault.code)}`];
  if (fault instanceof ApiFault) return [codeOf(fault.status), fault.message];
  return ['unreachable', fault instanceof Error ? bounded(fault.message) : 'no reason given'];
}

function codeOf(status: number | undefined): ProblemCode {
  if (status === 404) return 'not-found';
  return status === 401 || status === 403 ? 'forbidden' : 'unreachable';
}

function adviceFor(code: ProblemCode): string {
  if (code === 'tls')
    return '; configure the CA of the kubelet serving certificates, or have kubelets serve with certificates of it';
  if (code === 'unreachable' || code === 'timeout') return '; see whether the node is up and its port open from here';
  return '';
}

/** What many wait for, without waiting longer than the signal. */
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

function unanswered(source: AskedSource, code: ProblemCode, message: string): RawDocument {
  return { form: 'unanswered', component: 'kubelet', wanted: 'configz', source, problem: { code, message } };
}
