// Finds what the webhook checks among the resources of the inputs.

import { ADMISSION_RESOURCES, DECLARED_RESOURCES, type AdmissionResource } from '../inspect.ts';

const BY_NAME: ReadonlyMap<string, AdmissionResource> = new Map(
  ADMISSION_RESOURCES.map((known) => [nameOf(known.group, known.resource, known.subResource), known]),
);

/** The resources that are checked, by their plural names. */
export const RESOURCE_NAMES: readonly string[] = [...new Set(ADMISSION_RESOURCES.map(({ resource }) => resource))];

/** What is checked of a resource; undefined if nothing is. */
export function findResource(group: string, resource: string, subResource: string): AdmissionResource | undefined {
  return BY_NAME.get(nameOf(group, resource, subResource));
}

/** The names of a request's resource and namespace. */
interface Place {
  readonly group: string;
  readonly resource: string;
  readonly subResource: string;
  readonly namespace: string;
}

/** Whether objects of a namespace are checked: those that declare clusters are in any namespace, or in none. */
export function isInScope(
  { group, resource, subResource, namespace }: Place,
  namespaces: ReadonlySet<string>,
): boolean {
  if (namespaces.has(namespace)) return true;
  const known = findResource(group, resource, subResource);
  return known !== undefined && DECLARED.has(known);
}

const DECLARED: ReadonlySet<AdmissionResource> = new Set(DECLARED_RESOURCES);

/** The apiVersions that an API server writes into the objects of a resource. */
export function apiVersionsOf({ group, version, otherVersions = [] }: AdmissionResource): readonly string[] {
  return [version, ...otherVersions].map((one) => (group === '' ? one : `${group}/${one}`));
}

function nameOf(group: string, resource: string, subResource: string): string {
  return `${group}/${resource}/${subResource}`;
}
