// What an API server says of itself: its version, and which kinds it serves.

import { asRecord, asRecords, asString } from '../json.ts';
import { jsonOf, type Api, type ApiRequest } from './api.ts';
import { groupPath, type Resource } from './objects/resources.ts';

const VERSION_LIMITS = { timeout: 5000, limit: 64 * 1024 };

/** The `gitVersion` of the API server; undefined if it does not answer. */
export async function readVersion(api: Api, signal: AbortSignal): Promise<string | undefined> {
  try {
    return asString(asRecord(jsonOf(await api({ path: '/version', ...VERSION_LIMITS }, signal))).gitVersion);
  } catch {
    return undefined;
  }
}

/** The uid of the namespace kube-system, which identifies a cluster; undefined if it cannot be read. */
export async function readClusterUid(api: Api, signal: AbortSignal): Promise<string | undefined> {
  try {
    const namespace = jsonOf(await api({ path: '/api/v1/namespaces/kube-system', ...VERSION_LIMITS }, signal));
    return asString(asRecord(asRecord(namespace).metadata).uid);
  } catch {
    return undefined;
  }
}

/**
 * Whether a kind is served. A cluster may have only some of the kinds of a group, because they are separate CRDs.
 *
 * @throws ApiFault where the API server does not say
 */
export async function isServed(
  api: Api,
  { apiVersion, plural }: Resource,
  limits: Pick<ApiRequest, 'timeout' | 'limit'>,
  signal: AbortSignal,
): Promise<boolean> {
  const answer = await api({ ...limits, path: groupPath(apiVersion) }, signal);
  if (answer.status === 404) return false;
  return asRecords(asRecord(jsonOf(answer)).resources).some(({ name }) => name === plural);
}
