// The ConfigMaps in which node agents store their audits for the sweeper: one for each node, with the name of the node, in the
// namespace of the agents. Their names, keys, labels and annotations are a fixed format.

import { loggedOutWords } from '../../policy/rights/denied.ts';
import { asArray, asRecord, asRecords, asString, stringOrEmpty } from '../../json.ts';
import type { Problem } from '../../policy/reading.ts';
import { ApiFault, jsonOf, type Api } from '../../kube/api.ts';
import { objectClient, unlessStatus } from '../../kube/objects/client.ts';
import { CONFIG_MAPS, pathOf, SELF_SUBJECT_REVIEWS } from '../../kube/objects/resources.ts';
import type { AuditMetadata } from './audit-time.ts';

/** An audit, as the agent stores it. */
export interface AuditToStore {
  /** The GuardReport, as JSON. */
  readonly report: string;
  /** The time by the agent's clock, RFC 3339 in UTC. */
  readonly agentTime: string;
  /** Seconds between two audits. */
  readonly interval: number;
}

/** An audit, as the sweeper finds it. The API server vouches for `storedAt` only; the agent wrote everything else. */
export interface StoredAudit extends AuditMetadata {
  /** The GuardReport, as JSON. */
  readonly report: string;
}

/** The namespace of the node agents (manifests/components/node-agent). */
export const AGENT_NAMESPACE = 'kubelet-guard-node';

const TIMEOUT = 5000;
const ANSWER_LIMIT = 2 * 1024 * 1024;
const AGENT_TIME = 'kubelet-guard.dev/told';
const INTERVAL = 'kubelet-guard.dev/interval-seconds';
const NODE_UID = 'kubelet-guard.dev/node-uid';
const KEY = 'report.json';

/** Stores the audit of a node. Rejects with an ApiFault that says what to do. */
export type StoreAudit = (node: string, audit: AuditToStore, signal: AbortSignal) => Promise<void>;

/** Stores audits in the ConfigMaps of a namespace, for the agent. */
export function storeAuditIn(api: Api, namespace: string): StoreAudit {
  const configMaps = objectClient(api, CONFIG_MAPS, { namespace, timeout: TIMEOUT });
  let known: string | undefined;
  return async (node, { report, agentTime, interval }, signal) => {
    known ??= await nodeUid(api, node, signal);
    const metadata = {
      name: node,
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'kubelet-guard' },
      annotations: {
        [AGENT_TIME]: agentTime,
        [INTERVAL]: String(interval),
        ...(known !== undefined && { [NODE_UID]: known }),
      },
    };
    const object = { metadata, data: { [KEY]: report } };
    try {
      const updated = await unlessStatus([404], configMaps.update(object, signal));
      // the manifests create the namespace, and the agent its ConfigMap
      if (updated === undefined) await configMaps.create(object, signal);
    } catch (cause) {
      throw advised(cause, namespace);
    }
  };
}

const CLAIM = 'authentication.kubernetes.io/node-';

/** The uid of the node that this process runs on, as the API server reads it from the token of its pod (1.32 and newer). */
async function nodeUid(api: Api, node: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { apiVersion, kind } = SELF_SUBJECT_REVIEWS;
    const path = pathOf(SELF_SUBJECT_REVIEWS);
    const call = { method: 'POST', path, body: { apiVersion, kind }, timeout: TIMEOUT, limit: ANSWER_LIMIT } as const;
    const { userInfo } = asRecord(asRecord(jsonOf(await api(call, signal))).status);
    const { [`${CLAIM}name`]: names, [`${CLAIM}uid`]: uids } = asRecord(asRecord(userInfo).extra);
    return asArray(names)[0] === node ? asString(asArray(uids)[0]) : undefined;
  } catch {
    // without the uid, the times distinguish a node from an earlier one of the same name
    return undefined;
  }
}

function advised(cause: unknown, namespace: string): ApiFault {
  const { message, status } = cause as ApiFault;
  const advice =
    status === 403 ? `; grant create and update on configmaps in ${namespace}, and let it write its own node's` : '';
  return new ApiFault(`${status === 401 ? loggedOutWords(message) : message}${advice}`, status, { cause });
}

/** The stored audits, for the sweeper. */
export interface AuditStore {
  /** Whether any node has an agent: if none has, nothing else is asked. Never rejects. */
  readonly isUsed: (signal: AbortSignal) => Promise<boolean>;
  /** The stored audit of a node: undefined if there is none, a problem if it cannot be read. Never rejects. */
  readonly load: (node: string, signal: AbortSignal) => Promise<StoredAudit | Problem | undefined>;
}

/** Loads audits from the ConfigMaps of a namespace, for the sweeper. */
export function auditStoreIn(api: Api, namespace: string): AuditStore {
  const configMaps = objectClient(api, CONFIG_MAPS, { namespace, timeout: TIMEOUT, limit: ANSWER_LIMIT });
  const labelSelector = 'app.kubernetes.io/managed-by=kubelet-guard';
  return {
    isUsed: async (signal) => {
      try {
        // the manifests of the agents grant this right: without it there are no agents
        const page = await unlessStatus([403, 404], configMaps.page({ limit: 1, labelSelector }, signal));
        return page !== undefined && page.items.length > 0;
      } catch {
        // then the request for each node shows it
        return true;
      }
    },
    load: async (node, signal) => {
      try {
        const found = await unlessStatus([403, 404], configMaps.get(node, signal));
        if (found === undefined) return undefined;
        const { annotations, creationTimestamp, managedFields } = found.metadata;
        const mark = (key: string) => asString(asRecord(annotations)[key]);
        return {
          report: stringOrEmpty(asRecord(found.data)[KEY]),
          storedAt: lastWrite(managedFields) ?? asString(creationTimestamp),
          agentTime: mark(AGENT_TIME),
          interval: mark(INTERVAL),
          nodeUid: mark(NODE_UID),
        };
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : 'no reason given';
        const message = `the stored audit of the node agent cannot be read: ${reason}; the next sweep tries again`;
        return { code: 'unreachable', message };
      }
    },
  };
}

/** The API server notes the time of each write (client-go and apiserver, managedFields). */
function lastWrite(managedFields: unknown): string | undefined {
  const entries = asRecords(managedFields);
  const times = entries.map(({ time }) => time).filter((time) => typeof time === 'string');
  return times.sort().at(-1);
}
