import { readFileSync, writeFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';

const BASE = new URL('../../../manifests/base/', import.meta.url);
const SHIPPED = new URL('../../../src/commands/doctor/shipped.json', import.meta.url);

interface Named {
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

function documents(file: string): readonly Named[] {
  return parseAllDocuments(readFileSync(new URL(file, BASE), 'utf8')).map((document) => document.toJS() as Named);
}

/** Each right by itself, for each account that has it. */
function rights(): readonly object[] {
  const objects = ['rbac.yaml', 'rbac-certificates.yaml'].flatMap(documents);
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

interface Specified extends Named {
  readonly spec: object;
}

function policies(): readonly object[] {
  const objects = ['protect-registration.yaml', 'rbac.yaml'].flatMap(documents) as Specified[];
  const specOf = (kind: string, name: string) =>
    objects.find((object) => object.kind === kind && object.metadata.name === name)?.spec;
  return objects
    .filter(({ kind }) => kind === 'ValidatingAdmissionPolicy')
    .map(({ metadata: { name }, spec: policy }) => {
      return { name, policy, binding: specOf('ValidatingAdmissionPolicyBinding', name) };
    });
}

test('what the doctor compares with is what manifests/base holds; UPDATE_GOLDEN=1 rewrites it', () => {
  const [registration] = documents('validating-webhook-configuration.yaml');
  const { webhooks } = registration as unknown as { webhooks: readonly { clientConfig: object }[] };
  const wanted = {
    webhooks: webhooks.map(({ clientConfig: _left, ...webhook }) => webhook),
    rights: rights(),
    policies: policies(),
  };
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(SHIPPED, `${JSON.stringify(wanted, undefined, 2)}\n`);

  expect(JSON.parse(readFileSync(SHIPPED, 'utf8'))).toEqual(wanted);
});
