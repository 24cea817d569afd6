import { asRecord } from '../json.ts';
import { jsonOf, type Api } from './api.ts';

const LIMITS = { timeout: 5000, limit: 64 * 1024 };

/** The `gitVersion` of the API server; undefined where it cannot be told. */
export async function readVersion(api: Api, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { gitVersion } = asRecord(jsonOf(await api({ path: '/version', ...LIMITS }, signal)));
    return typeof gitVersion === 'string' ? gitVersion : undefined;
  } catch {
    return undefined;
  }
}
