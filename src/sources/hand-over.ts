// Where node agents hand over their audits to the sweeper: a ConfigMap for each node, called as the node is, in a namespace of
// their own.

import type { Problem } from '../policy/types.ts';
import { ApiFault, fieldsOf, jsonOf, type Api, type ApiAnswer } from './api.ts';
import { refusalOf } from './api-problem.ts';

/** An audit, as it is handed over. */
export interface HandOver {
  /** The GuardReport, as JSON. */
  readonly report: string;
  /** When the agent is to be taken for silent, RFC 3339 in UTC. */
  readonly expires: string;
}

/** The namespace of the node agents (manifests/components/node-agent). */
export const AGENT_NAMESPACE = 'kubelet-guard-node';

const TIMEOUT = 5000;
const ANSWER_LIMIT = 2 * 1024 * 1024;
const EXPIRES = 'kubelet-guard.dev/expires';
const KEY = 'report.json';

/** Hands over the audit of a node. Rejects with an ApiFault that says what to do. */
export type HandOverTo = (node: string, handOver: HandOver, signal: AbortSignal) => Promise<void>;

/** Makes the agent's end. */
export function handOverTo(api: Api, namespace: string): HandOverTo {
  const collection = `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps`;
  return async (node, { report, expires }, signal) => {
    const metadata = {
      name: node,
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'kubelet-guard' },
      annotations: { [EXPIRES]: expires },
    };
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [KEY]: report } };
    const write = (method: 'POST' | 'PUT', path: string) => api({ method, path, body, timeout: TIMEOUT }, signal);
    const updated = await write('PUT', `${collection}/${encodeURIComponent(node)}`);
    // the namespace of an agent is not made by it
    const answer = updated.status === 404 ? await write('POST', collection) : updated;
    if (answer.status < 200 || answer.status > 299) throw advised(answer, namespace);
  };
}

function advised(answer: ApiAnswer, namespace: string): ApiFault {
  const { message, status } = refusalOf(answer);
  const advice =
    status === 403 ? `; grant create and update on configmaps in ${namespace}, and let it write its own node's` : '';
  return new ApiFault(`${message}${advice}`, status);
}

/** The sweeper's end. */
export interface HandOvers {
  /** Whether any node has an agent: without one nothing else is asked. Never rejects. */
  readonly isUsed: (signal: AbortSignal) => Promise<boolean>;
  /** What was handed over for a node, undefined where nothing was, or why that can not be told. Never rejects. */
  readonly read: (node: string, signal: AbortSignal) => Promise<HandOver | Problem | undefined>;
}

/** Makes the sweeper's end. */
export function handOversIn(api: Api, namespace: string): HandOvers {
  const collection = `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps`;
  const selected = `labelSelector=${encodeURIComponent('app.kubernetes.io/managed-by=kubelet-guard')}`;
  return {
    isUsed: async (signal) => {
      try {
        const answer = await api(
          { path: `${collection}?limit=1&${selected}`, limit: ANSWER_LIMIT, timeout: TIMEOUT },
          signal,
        );
        // who may not look has no agents: the right comes with them
        if (answer.status === 403 || answer.status === 404) return false;
        const { items } = fieldsOf(jsonOf(answer));
        return Array.isArray(items) && items.length > 0;
      } catch {
        // where it can not be told, each node tells
        return true;
      }
    },
    read: async (node, signal) => {
      try {
        const path = `${collection}/${encodeURIComponent(node)}`;
        const answer = await api({ path, limit: ANSWER_LIMIT, timeout: TIMEOUT }, signal);
        if (answer.status === 403 || answer.status === 404) return undefined;
        const { metadata, data } = fieldsOf(jsonOf(answer));
        const report = fieldsOf(data)[KEY];
        const expires = fieldsOf(fieldsOf(metadata).annotations)[EXPIRES];
        return {
          report: typeof report === 'string' ? report : '',
          expires: typeof expires === 'string' ? expires : '',
        };
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : 'no reason given';
        const message = `what the node agent handed over can not be read: ${reason}; the next sweep tries again`;
        return { code: 'unreachable', message };
      }
    },
  };
}
