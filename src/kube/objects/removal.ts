import { asRecord, parseJson } from '../../json.ts';
import { ApiFault, jsonOf, statusFault, type Api, type ApiAnswer, type ApiRequest } from '../api.ts';
import { pagesOf } from './pages.ts';

/** Objects of one kind, in a namespace where the kind has any. */
export interface Collection {
  /** Group and version. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespace?: string;
}

/** The calls that take objects away. They reject with an ApiFault that says what to do. */
export interface RemovalPort {
  /** The names of those with a label; none where the API server does not know the kind. */
  readonly names: (of: Collection, selector: string, signal: AbortSignal) => Promise<readonly string[]>;
  /** @returns false where there is none */
  readonly isThere: (of: Collection, name: string, signal: AbortSignal) => Promise<boolean>;
  /**
   * @param waits whether the object is to stay until all that belongs to it is gone
   * @returns false where there was none
   */
  readonly remove: (of: Collection, name: string, signal: AbortSignal, waits?: 'foreground') => Promise<boolean>;
}

const PAGE = 250;
const LIMITS = { timeout: 10_000, limit: 64 * 1024 * 1024 };
/** What RBAC says; an admission policy that refuses says itself what to do. */
const NO_RIGHT = / cannot [a-z]+ resource /;

/** Takes objects away from a cluster. */
export function removalFrom(api: Api): RemovalPort {
  const ask = async (
    verb: string,
    what: string,
    request: ApiRequest,
    signal: AbortSignal,
  ): Promise<ApiAnswer | undefined> => {
    let answer: ApiAnswer;
    try {
      answer = await api({ ...LIMITS, ...request }, signal);
    } catch (cause) {
      throw new ApiFault(`${what}: ${(cause as Error).message}; try again`, undefined, { cause });
    }
    const { status, text } = answer;
    if (status === 404) return undefined;
    if (status < 300) return answer;
    const { message, next } = statusFault(parseJson(text), status);
    const lacksRight = status === 401 || (status === 403 && NO_RIGHT.test(message));
    const words = lacksRight ? `may not ${verb} ${what}: ask for this right (${message})` : `${what}: ${message}`;
    throw new ApiFault(words, status, { next });
  };
  return {
    names: async (of, selector, signal) => {
      const page = async (next: string | undefined) => {
        const query = new URLSearchParams({ labelSelector: selector, limit: String(PAGE) });
        if (next !== undefined) query.set('continue', next);
        const path = `${pathOf(of)}?${query.toString()}`;
        const answer = await ask('list', `${of.plural}.${groupOf(of)}`, { path }, signal);
        const { items, metadata } = asRecord(answer && jsonOf(answer));
        const found = Array.isArray(items) ? items.map((item) => asRecord(asRecord(item).metadata).name) : [];
        const { continue: token } = asRecord(metadata);
        const names = found.filter((name) => typeof name === 'string');
        return { items: names, next: typeof token === 'string' ? token : undefined };
      };
      const all: string[] = [];
      for await (const names of pagesOf(page, (name) => name)) all.push(...names);
      return all;
    },
    isThere: async (of, name, signal) =>
      (await ask('get', wordsFor(of, name), { path: pathOf(of, name) }, signal)) !== undefined,
    remove: async (of, name, signal, waits) => {
      const body = {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        ...(waits === 'foreground' && { propagationPolicy: 'Foreground' }),
      };
      const request = { method: 'DELETE', path: pathOf(of, name), body } as const;
      return (await ask('delete', wordsFor(of, name), request, signal)) !== undefined;
    },
  };
}

function wordsFor({ kind, namespace }: Collection, name: string): string {
  return `the ${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

function groupOf({ apiVersion }: Collection): string {
  return apiVersion.split('/')[0] ?? '';
}

function pathOf({ apiVersion, plural, namespace }: Collection, name?: string): string {
  const within = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `/apis/${apiVersion}${within}/${plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}
