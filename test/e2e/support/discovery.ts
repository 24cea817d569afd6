import { succeeded, type ApiClient } from './api.ts';
import { eventually } from './wait.ts';

/** What kubectl asks for: all groups with their resources in one document; of an old API server only the groups. */
const AGGREGATED = { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json' };

interface Discovery {
  readonly groups?: readonly { readonly name: string }[];
  readonly items?: readonly {
    readonly metadata: { readonly name: string };
    readonly versions: readonly {
      readonly version: string;
      readonly freshness?: string;
      readonly resources?: readonly { readonly resource: string }[];
    }[];
  }[];
}

/**
 * Waits until the API server serves a resource, and tells those who ask what it serves: kubectl would not know the kind before.
 *
 * @param path such as /apis/example.com/v1/things
 */
export async function served(admin: ApiClient, path: string): Promise<void> {
  const [, , group, version, plural] = path.split('/');
  await eventually(`${path} to be served`, async () => succeeded(await admin.get(path)));
  await eventually(`${path} to be in the list of resources`, async () => {
    const { body } = succeeded(await admin.get(`/apis/${group ?? ''}/${version ?? ''}`));
    const { resources } = body as { readonly resources: readonly { readonly name: string }[] };
    return resources.some(({ name }) => name === plural) ? true : undefined;
  });
  await eventually(`${path} to be in the list of groups`, async () => {
    const { groups = [], items = [] } = succeeded(await admin.get('/apis', AGGREGATED)).body as Discovery;
    if (groups.some(({ name }) => name === group)) return true;
    const found = items
      .find(({ metadata }) => metadata.name === group)
      ?.versions.find((candidate) => candidate.version === version);
    const isListed = found?.resources?.some(({ resource }) => resource === plural) === true;
    return isListed && found.freshness !== 'Stale' ? true : undefined;
  });
}
