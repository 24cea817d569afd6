// Asks kube-apiserver to ask kubelets for `/configz`.

import { truncated, type Api, type ApiAnswer } from '../../kube/api.ts';
import { asRecord, parseJson } from '../../json.ts';
import type { KubeletEvidence } from '../evidence.ts';
import { configzDocument, LIMIT, reasonOf, refusal, unanswered, type Reason } from './answer.ts';

/** How kubelets are asked for `/configz` through kube-apiserver. */
export interface ConfigzProxyOptions {
  readonly request: Api;
  /** Milliseconds for one kubelet. */
  readonly timeout: number;
}

/**
 * Asks kube-apiserver to ask the kubelet, with its own client certificate. The problem code `unauthorized` means that
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
        return unanswered(source, ...reasonOf(cause, signal));
      }
    },
  };
}

const REFUSED_CALL = "the kubelet refused kube-apiserver's call";

/** What the kubelet says comes as plain text, what kube-apiserver says as a Status. */
function proxyRefusal({ status, text }: ApiAnswer): Reason {
  const { kind, message } = asRecord(parseJson(text));
  if (kind === 'Status')
    return ownRefusal(status, typeof message === 'string' ? truncated(message) : 'no reason given');
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
