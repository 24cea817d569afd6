// What kubelets answer to `GET /configz`, and the reasons why they do not.

import { isRecord, parseJson } from '../../json.ts';
import { ApiFault, truncated, type ApiAnswer } from '../../kube/api.ts';
import { HttpFault } from '../../kube/http/fault.ts';
import type { RawDocument } from '../../policy/document.ts';
import type { AskedSource, ProblemCode } from '../../policy/reading.ts';

/** Bytes of an answer. */
export const LIMIT = 4 * 1024 * 1024;

/** The document of an answer with the status 200. */
export function configzDocument(source: AskedSource, { text }: ApiAnswer): RawDocument {
  const value = parseJson(text);
  if (!isRecord(value) || !isRecord(value.kubeletconfig)) {
    return unanswered(source, 'malformed', 'the answer is no configz of a kubelet; see what listens at its port');
  }
  return { form: 'configz', source, value };
}

/** Why there is no usable answer, with what to do. */
export type Reason = readonly [code: ProblemCode, message: string];

/**
 * Why a kubelet answered with another status than 200.
 *
 * @param by the credential that it was shown
 */
export function refusal(status: number, by: 'token' | 'certificate' = 'token'): Reason {
  if (by === 'certificate' && (status === 401 || status === 403)) return refusedCertificate(status);
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

function refusedCertificate(status: 401 | 403): Reason {
  const account = 'apply the manifests, so that a token of kubelet-guard-configz can be used instead';
  if (status === 401) {
    return [
      'unauthorized',
      `HTTP 401: the kubelet did not accept the client certificate of the kubeconfig; its client CA is another one, or it has none; ${account}`,
    ];
  }
  return [
    'forbidden',
    `HTTP 403: the kubelet knows the user of the kubeconfig's client certificate and refuses it; allow it to get nodes/configz (kubelet 1.33), or ${account}`,
  ];
}

/** Why there was no answer. */
export function reasonOf(cause: unknown, signal: AbortSignal): Reason {
  if (signal.aborted) return ['timeout', 'stopped before there was an answer'];
  const fault = cause instanceof ApiFault && cause.cause instanceof HttpFault ? cause.cause : cause;
  if (fault instanceof HttpFault) return [fault.code, `${fault.message}${adviceFor(fault.code)}`];
  if (fault instanceof ApiFault) return [codeOf(fault.status), fault.message];
  return ['unreachable', fault instanceof Error ? truncated(fault.message) : 'no reason given'];
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

/** The document of a kubelet that gave no usable answer. */
export function unanswered(source: AskedSource, code: ProblemCode, message: string): RawDocument {
  return { form: 'unanswered', component: 'kubelet', wanted: 'configz', source, problem: { code, message } };
}
