// The rights that RBAC manifests grant, one by one.

import { readFileSync } from 'node:fs';

import { parseAllDocuments } from 'yaml';

const MANIFESTS = new URL('../../manifests/', import.meta.url);

/** An object in a manifest. */
export interface Named {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

interface Role extends Named {
  readonly rules: readonly {
    readonly apiGroups?: readonly string[];
    readonly resources?: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly nonResourceURLs?: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

interface Binding extends Named {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly name: string }[];
}

/** The objects of a file below manifests/. */
export function manifest(file: string): readonly Named[] {
  return parseAllDocuments(readFileSync(new URL(file, MANIFESTS), 'utf8')).map((document) => document.toJS() as Named);
}

/** Each single right, for each account that has it. */
export function grantedRights(files: readonly string[]): readonly object[] {
  const objects = files.flatMap(manifest);
  const bindings = objects.filter(({ kind }) => kind.endsWith('RoleBinding')) as unknown as readonly Binding[];
  return bindings.flatMap(({ roleRef, subjects, metadata: { namespace } }) => {
    const role = objects.find(
      ({ kind, metadata }) =>
        kind === roleRef.kind && metadata.name === roleRef.name && metadata.namespace === namespace,
    ) as Role;
    return subjects.flatMap(({ name: account }) =>
      role.rules.flatMap(
        ({ apiGroups = [], resources = [], resourceNames = [undefined], nonResourceURLs = [], verbs }) =>
          verbs.flatMap((verb) => [
            ...nonResourceURLs.map((path) => ({ account, verb, path })),
            ...apiGroups.flatMap((group) =>
              resources.flatMap((words) =>
                resourceNames.map((name) => {
                  const [resource, subresource] = words.split('/');
                  return { account, verb, group, resource, subresource, namespace, name };
                }),
              ),
            ),
          ]),
      ),
    );
  });
}
