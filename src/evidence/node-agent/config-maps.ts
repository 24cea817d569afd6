// Where node agents hand over their audits to the sweeper: a ConfigMap for each node, called as the node is, in a namespace of
// their own.

import { asArray, asRecord, asRecords, asString, stringOrEmpty } from '../../json.ts';
import type { Problem } from '../../policy/reading.ts';
import { ApiFault, jsonOf, type Api } from '../../kube/api.ts';
import { objectClient, unlessStatus } from '../../kube/objects/client.ts';
import { CONFIG_MAPS, pathOf, SELF_SUBJECT_REVIEWS } from '../../kube/objects/resources.ts';

/** An audit, as it is handed over. */
export interface HandOver {
  /** The GuardReport, as JSON. */
  readonly report: string;
  /** The time by the clock of the agent, RFC 3339 in UTC. */
  readonly told: string;
  /** Seconds between two audits. */
  readonly interval: number;
}

/** An audit, as it is found: everything but when it was written is its author's word. */
export interface FoundHandOver {
  readonly report: string;
  /** The API server's time of the last write, RFC 3339 in UTC. */
  readonly written: string | undefined;
  readonly told: string | undefined;
  readonly interval: string | undefined;
  readonly nodeUid: string | undefined;
}

/** The namespace of the node agents (manifests/components/node-agent). */
export const AGENT_NAMESPACE = 'kubelet-guard-node';

const TIMEOUT = 5000;
const ANSWER_LIMIT = 2 * 1024 * 1024;
const TOLD = 'kubelet-guard.dev/told';
const INTERVAL = 'kubelet-guard.dev/interval-seconds';
const NODE_UID = 'kubelet-guard.dev/node-uid';
const KEY = 'report.json';

/** Hands over the audit of a node. Rejects with an ApiFault that says what to do. */
export type HandOverTo = (node: string, handOver: HandOver, signal: AbortSignal) => Promise<void>;

/** Makes the agent's end. */
export function handOverTo(api: Api, namespace: string): HandOverTo {
  const configMaps = objectClient(api, CONFIG_MAPS, { namespace, timeout: TIMEOUT });
  let known: string | undefined;
  return async (node, { report, told, interval }, signal) => {
    known ??= await nodeUid(api, node, signal);
    const metadata = {
      name: node,
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'kubelet-guard' },
      annotations: { [TOLD]: told, [INTERVAL]: String(interval), ...(known !== undefined && { [NODE_UID]: known }) },
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
    // without it the times tell a node from an earlier one of its name
    return undefined;
  }
}

function advised(cause: unknown, namespace: string): ApiFault {
  const { message, status } = cause as ApiFault;
  const advice =
    status === 403 ? `; grant create and update on configmaps in ${namespace}, and let it write its own node's` : '';
  return new ApiFault(`${message}${advice}`, status, { cause });
}

/** The sweeper's end. */
export interface HandOvers {
  /** Whether any node has an agent: without one nothing else is asked. Never rejects. */
  readonly isUsed: (signal: AbortSignal) => Promise<boolean>;
  /** What was handed over for a node, undefined where nothing was, or why that cannot be told. Never rejects. */
  readonly read: (node: string, signal: AbortSignal) => Promise<FoundHandOver | Problem | undefined>;
}

/** Makes the sweeper's end. */
export function handOversIn(api: Api, namespace: string): HandOvers {
  const configMaps = objectClient(api, CONFIG_MAPS, { namespace, timeout: TIMEOUT, limit: ANSWER_LIMIT });
  const labelSelector = 'app.kubernetes.io/managed-by=kubelet-guard';
  return {
    isUsed: async (signal) => {
      try {
        // who may not list has no agents: the right comes with them
        const page = await unlessStatus([403, 404], configMaps.page({ limit: 1, labelSelector }, signal));
        return page !== undefined && page.items.length > 0;
      } catch {
        // where it cannot be told, each node tells
        return true;
      }
    },
    read: async (node, signal) => {
      try {
        const found = await unlessStatus([403, 404], configMaps.get(node, signal));
        if (found === undefined) return undefined;
        const { annotations, creationTimestamp, managedFields } = found.metadata;
        const mark = (key: string) => asString(asRecord(annotations)[key]);
        return {
          report: stringOrEmpty(asRecord(found.data)[KEY]),
          written: lastWrite(managedFields) ?? asString(creationTimestamp),
          told: mark(TOLD),
          interval: mark(INTERVAL),
          nodeUid: mark(NODE_UID),
        };
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : 'no reason given';
        const message = `what the node agent handed over cannot be read: ${reason}; the next sweep tries again`;
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
