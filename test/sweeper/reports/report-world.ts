import { ApiFault, type Api, type ApiAnswer, type ApiRequest } from '../../../src/kube/api.ts';

/** An object as the API server of a test holds it. */
export interface Held {
  metadata: { name: string; namespace?: string; resourceVersion?: string; labels?: Record<string, string> };
  [field: string]: unknown;
}

/** The reports and Events of a cluster, with the rules of an API server: versions, conflicts, pages. */
export interface ReportWorld {
  readonly api: Api;
  /** The group versions that are served, with their resources. */
  readonly served: Map<string, readonly string[]>;
  /** By path. */
  readonly objects: Map<string, Held>;
  /** Every call, as `METHOD path`. */
  readonly calls: string[];
  /** Answers instead of the API server if it returns an answer, for one call or for all. */
  intercept: (request: ApiRequest) => ApiAnswer | Error | undefined;
  readonly reports: () => Held[];
  readonly events: () => Held[];
  /** The calls that changed something, or tried to change it. */
  readonly writes: () => string[];
}

export const WG = 'wgpolicyk8s.io/v1alpha2';
export const OPEN = 'openreports.io/v1alpha1';
/** Small, so that lists have pages. */
const PAGE = 2;

export function reportWorld(...served: readonly (typeof WG | typeof OPEN)[]): ReportWorld {
  let version = 100;
  const resources = { [WG]: ['clusterpolicyreports'], [OPEN]: ['clusterreports'] };
  const world: ReportWorld = {
    served: new Map(served.map((name) => [name, resources[name]])),
    objects: new Map(),
    calls: [],
    intercept: () => undefined,
    api: (request, signal) => {
      const { method = 'GET', path } = request;
      world.calls.push(`${method} ${path}`);
      const instead = world.intercept(request);
      if (signal.aborted) return Promise.reject(new ApiFault('stopped'));
      if (instead instanceof Error) return Promise.reject(instead);
      return Promise.resolve(instead ?? serve(request));
    },
    reports: () => ofPath(/^\/apis\/[^/]+\/[^/]+\/cluster\w*reports\//),
    events: () => ofPath(/\/events\//),
    writes: () => world.calls.filter((call) => !call.startsWith('GET ')),
  };
  const ofPath = (pattern: RegExp): Held[] =>
    [...world.objects].filter(([path]) => pattern.test(path)).map(([, object]) => object);
  const isServed = (path: string): boolean =>
    path.startsWith('/api/v1/') ||
    [...world.served].some(([group, plurals]) => plurals.some((plural) => path.startsWith(`/apis/${group}/${plural}`)));

  const serve = ({ method = 'GET', path, body }: ApiRequest): ApiAnswer => {
    const url = new URL(path, 'https://cluster');
    const plurals = world.served.get(url.pathname.replace('/apis/', ''));
    if (plurals) return json(200, { kind: 'APIResourceList', resources: plurals.map((name) => ({ name })) });
    if (!isServed(url.pathname)) return { status: 404, contentType: 'text/plain', text: '404 page not found\n' };
    if (method === 'POST') return create(url.pathname, body as Held);
    const held = world.objects.get(url.pathname);
    if (method === 'GET' && url.searchParams.has('limit')) return list(url);
    if (held === undefined) return status(404, 'not found', { name: url.pathname.split('/').at(-1) });
    if (method === 'GET') return json(200, held);
    const wanted =
      method === 'PUT'
        ? (body as Held).metadata.resourceVersion
        : (body as { preconditions: { resourceVersion: string } }).preconditions.resourceVersion;
    if (wanted !== held.metadata.resourceVersion) return status(409, 'the object has been modified');
    if (method === 'PUT') return json(200, store(url.pathname, body as Held));
    world.objects.delete(url.pathname);
    return json(200, { kind: 'Status', status: 'Success' });
  };
  const create = (collection: string, object: Held): ApiAnswer => {
    const path = `${collection}/${object.metadata.name}`;
    return world.objects.has(path) ? status(409, 'it already exists') : json(201, store(path, object));
  };
  const store = (path: string, object: Held): Held => {
    version += 1;
    const copy = JSON.parse(JSON.stringify(object)) as Held;
    copy.metadata.resourceVersion = String(version);
    world.objects.set(path, copy);
    return copy;
  };
  const list = ({ pathname, searchParams }: URL): ApiAnswer => {
    const [label = '', value] = (searchParams.get('labelSelector') ?? '').split('=');
    const items = [...world.objects]
      .filter(([path, { metadata }]) => path.startsWith(`${pathname}/`) && metadata.labels?.[label] === value)
      .map(([, object]) => object);
    const from = Number(searchParams.get('continue') ?? 0);
    const next = from + PAGE < items.length ? { continue: String(from + PAGE) } : {};
    return json(200, { kind: 'List', metadata: next, items: items.slice(from, from + PAGE) });
  };
  return world;
}

export function json(code: number, body: unknown): ApiAnswer {
  return { status: code, contentType: 'application/json', text: JSON.stringify(body) };
}

export function status(code: number, message: string, details = {}): ApiAnswer {
  return json(code, { kind: 'Status', code, message, details });
}
