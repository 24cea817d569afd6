import { readFileSync, writeFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';
import { declaredClustersWebhook } from '../../../scripts/declared-clusters.ts';
import { grantedRights, manifest, type Named } from '../../support/granted-rights.ts';

const SHIPPED = new URL('../../../src/commands/doctor/shipped.json', import.meta.url);

interface Specified extends Named {
  readonly spec: object;
}

function policies(): readonly object[] {
  const objects = ['protect-registration.yaml', 'rbac.yaml'].flatMap((file) => manifest(`base/${file}`)) as Specified[];
  const specOf = (kind: string, name: string) =>
    objects.find((object) => object.kind === kind && object.metadata.name === name)?.spec;
  return objects
    .filter(({ kind }) => kind === 'ValidatingAdmissionPolicy')
    .map(({ metadata: { name }, spec: policy }) => {
      return { name, policy, binding: specOf('ValidatingAdmissionPolicyBinding', name) };
    });
}

test('the doctor compares with what manifests/base contains (UPDATE_GOLDEN=1 updates it)', () => {
  const [registration] = manifest('base/validating-webhook-configuration.yaml');
  const { webhooks } = registration as unknown as { webhooks: readonly { clientConfig: object }[] };
  const expected = {
    webhooks: webhooks.map(({ clientConfig: _left, ...webhook }) => webhook),
    optionalWebhooks: [declaredClustersWebhook()],
    rights: grantedRights(['base/rbac.yaml', 'base/rbac-certificates.yaml']),
    policies: policies(),
  };
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(SHIPPED, `${JSON.stringify(expected, undefined, 2)}\n`);

  expect(JSON.parse(readFileSync(SHIPPED, 'utf8'))).toEqual(expected);
});
