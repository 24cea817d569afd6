// Finds what the webhook checks among the resources of the inputs.

import { ADMISSION_RESOURCES, type AdmissionResource } from '../inspect.ts';

const BY_NAME: ReadonlyMap<string, AdmissionResource> = new Map(
  ADMISSION_RESOURCES.map((known) => [nameOf(known.group, known.resource, known.subResource), known]),
);

/** The resources that are checked, by their plural names. */
export const RESOURCE_NAMES: readonly string[] = [...new Set(ADMISSION_RESOURCES.map(({ resource }) => resource))];

/** What is checked of a resource; undefined if nothing is. */
export function findResource(group: string, resource: string, subResource: string): AdmissionResource | undefined {
  return BY_NAME.get(nameOf(group, resource, subResource));
}

/** The apiVersion that an API server writes into the objects of a resource. */
export function apiVersionOf({ group, version }: AdmissionResource): string {
  return group === '' ? version : `${group}/${version}`;
}

function nameOf(group: string, resource: string, subResource: string): string {
  return `${group}/${resource}/${subResource}`;
}
