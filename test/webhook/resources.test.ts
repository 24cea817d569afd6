import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { isChecked } from '../../src/webhook/changes.ts';
import { createValidator, type Validate } from '../../src/webhook/validator.ts';
import { ADMISSION_RESOURCES } from '../../src/inspect.ts';
import { createObjectCache } from '../../src/webhook/object-cache.ts';
import { inspect } from '../../src/inspect.ts';
import type { Action } from '../../src/policy/control.ts';
import type { DecisionPolicy } from '../../src/policy/finding.ts';
import { verdictOf } from '../../src/outputs/admission/answer.ts';
import { requestOf, review } from '../support/admission.ts';
import { AMPLE } from '../support/budget.ts';
import { ofTheLink } from '../support/controls.ts';

const BOTH = ['--kubelet-client-certificate=/a.crt', '--kubelet-client-key=/a.key'];

function validatorWith(action: Action, onUnknown: DecisionPolicy['onUnknown'] = 'audit'): Validate {
  return createValidator({
    allowance: AMPLE,
    stored: () => [],
    configuration: () => ({
      controls: ofTheLink,
      policy: { action: () => action, onUnknown, exemptions: [] },
      namespaces: new Set(['kube-system']),
    }),
    cache: createObjectCache(() => new Date(0)),
    now: () => new Date(0),
  });
}

type Container = Readonly<Record<string, unknown>>;

function podOf(containers: readonly Container[], more: object = {}, labels: object = {}): object {
  const spec = { containers, ...more };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'tools', namespace: 'kube-system', labels }, spec };
}

const main = (fields: Container): Container => ({ name: 'main', image: 'registry.example/tools:v1', ...fields });
const PLAIN = podOf([main({ command: ['sleep', '1d'] })]);
const FAILING = podOf([main({ command: ['kube-apiserver'] })]);
const BARE = [...BOTH, '--etcd-servers=http://127.0.0.1:2379'];

function podUpdate(object: object, oldObject: object, subResource = ''): ReturnType<typeof requestOf> {
  const resource = { group: '', version: 'v1', resource: 'pods' };
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  return requestOf(review({ kind, resource, subResource, operation: 'UPDATE', name: 'tools', object, oldObject }));
}

describe('an update of a pod', () => {
  test.each<[string, object, object, ReturnType<typeof verdictOf>]>([
    [
      'that changes the image to kube-apiserver, with the same arguments',
      podOf([main({ image: 'registry.k8s.io/kube-apiserver:v1.37.0', args: ['--v=2'] })]),
      podOf([main({ args: ['--v=2'] })]),
      'deny',
    ],
    [
      'that changes the image of an init container to kube-apiserver',
      podOf([main({})], {
        initContainers: [main({ name: 'i', image: 'x/kube-apiserver', args: ['--v=2'], restartPolicy: 'Always' })],
      }),
      podOf([main({})], { initContainers: [main({ name: 'i', args: ['--v=2'], restartPolicy: 'Always' })] }),
      'deny',
    ],
    [
      'that labels a pod that already fails',
      podOf([main({ command: ['kube-apiserver'] })], {}, { a: 'b' }),
      FAILING,
      'warn',
    ],
    [
      'that changes the image of a pod that already fails',
      podOf([main({ image: 'x', command: ['kube-apiserver'] })]),
      FAILING,
      'warn',
    ],
    [
      'that adds a toleration to a pod that already fails',
      podOf([main({ command: ['kube-apiserver'] })], { tolerations: [{ operator: 'Exists' }] }),
      FAILING,
      'warn',
    ],
    ['that removes the failing container', PLAIN, FAILING, 'allow'],
    ['that leaves spec and labels unchanged', FAILING, FAILING, 'skip'],
    [
      'of a pod without a kube-apiserver or kubelet',
      podOf([main({ image: 'y', command: ['sleep', '1d'] })]),
      PLAIN,
      'allow',
    ],
  ])('%s', (_name, object, oldObject, verdict) => {
    expect(verdictOf(validatorWith('enforce')(podUpdate(object, oldObject)))).toBe(verdict);
    expect(verdictOf(validatorWith('enforce', 'deny')(podUpdate(object, oldObject)))).toBe(verdict);
    expect(verdictOf(validatorWith('ratchet')(podUpdate(object, oldObject)))).toBe(verdict);
  });

  test('is never denied because of its labels', () => {
    const labelled = podOf([main({ command: ['sleep', '1d'] })], {}, { component: 'kube-apiserver' });
    expect(verdictOf(validatorWith('enforce', 'deny')(podUpdate(labelled, PLAIN)))).toBe('warn');
  });

  test.each<[string, Container]>([
    ['by its command', { command: ['kube-apiserver', '--v=2'] }],
    ['by a shell that builds its name', { command: ['sh', '-c', 'exec kube-api""server'] }],
    [
      'by variables',
      {
        command: ['$(A)$(B)'],
        env: [
          { name: 'A', value: 'kube-api' },
          { name: 'B', value: 'server' },
        ],
      },
    ],
    ['by its image', { image: 'registry.k8s.io/kube-apiserver:v1.37.0', args: ['--v=2'] }],
    ['as a kubelet without a client CA', { command: ['kubelet', '--client-ca-file='] }],
  ])('that adds an ephemeral container with a component, %s', (_how, fields) => {
    const ephemeralContainers = [main({ name: 'debugger', ...fields })];
    const object = podOf([main({ command: ['sleep', '1d'] })], { ephemeralContainers });
    expect(verdictOf(validatorWith('enforce')(podUpdate(object, PLAIN, 'ephemeralcontainers')))).toBe('deny');
  });

  test.each(['status', 'resize', 'binding', 'eviction', 'exec'])(
    'of its subresource %s is not checked',
    (subResource) => {
      expect(verdictOf(validatorWith('enforce')(podUpdate(FAILING, PLAIN, subResource)))).toBe('skip');
    },
  );

  test('that changes the passing one of two containers is not denied because of the failing one', () => {
    const good = { name: 'good', command: ['kube-apiserver', ...BOTH] };
    const before = podOf([main({ command: ['kube-apiserver'] }), main({ ...good, args: BARE })]);
    const after = podOf([main({ command: ['kube-apiserver'] }), main({ ...good, image: 'z', args: BARE })]);
    expect(verdictOf(validatorWith('enforce')(podUpdate(after, before)))).toBe('warn');
  });
});

describe('an update of a workload', () => {
  const workloads = ADMISSION_RESOURCES.filter(({ resource }) => resource !== 'pods' && resource !== 'configmaps');

  test.each(workloads.map((workload) => [workload.resource, workload] as const))(
    'of %s is checked if it changes the template',
    (resource, { group, version, kind, reads }) => {
      const [path = []] = reads ?? [];
      const objectOf = (template: object, more: object = {}) => ({
        ...{ apiVersion: group === '' ? version : `${group}/${version}`, kind },
        ...path.toReversed().reduce<object>((inner, name) => ({ [name]: inner, ...more }), template),
      });
      const update = (object: object, oldObject: object) =>
        requestOf(review({ resource: { group, version: 'v1', resource }, operation: 'UPDATE', object, oldObject }));

      expect(isChecked(update(objectOf(FAILING), objectOf(PLAIN)))).toBe(true);
      expect(isChecked(update(objectOf(FAILING, { replicas: 0 }), objectOf(FAILING, { replicas: 3 })))).toBe(false);
    },
  );
});

test('the usual add-ons of kube-system, with scripts and unknown programs, have no findings', () => {
  const path = join(import.meta.dirname, '../fixtures/add-ons/kube-system.yaml');
  const source = { form: 'text', path, text: readFileSync(path, 'utf8') } as const;
  expect(inspect(ofTheLink, [source], AMPLE)).toEqual({ findings: [], problems: [] });
});
