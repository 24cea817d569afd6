import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { findingKey, isFindingKey, parseFindingKey, renameSubject } from '../../src/policy/finding-key.ts';
import type { SubjectName } from '../../src/policy/subject.ts';
import { apiServerFinding, kubeletFinding, outcomes } from '../support/findings.ts';

const text = fc.string({
  unit: fc.oneof(fc.constantFrom('|', '\\', '*', '\n', '"'), fc.string({ unit: 'binary', maxLength: 1 })),
});
const subjects: fc.Arbitrary<SubjectName> = fc.record(
  { component: fc.constantFrom('kubelet', 'kube-apiserver'), kind: text, namespace: text, name: text, container: text },
  { requiredKeys: ['component', 'name'] },
);
const findings = fc.record({ control: fc.record({ slug: text }), subject: subjects });
type About = Parameters<typeof findingKey>[0];

function fieldsOf({ control, subject: { component, kind, namespace, name, container } }: About) {
  const [kindOrNone, namespaceOrNone, containerOrNone] = [kind, namespace, container].map((field) =>
    field === '' ? undefined : field,
  );
  return {
    control: control.slug,
    component,
    kind: kindOrNone,
    namespace: namespaceOrNone,
    name,
    container: containerOrNone,
  };
}

test('a key gives back every field, whatever characters the fields contain', () => {
  fc.assert(
    fc.property(findings, (finding) => {
      expect(parseFindingKey(findingKey(finding))).toEqual(fieldsOf(finding));
    }),
  );
});

test('two findings have the same key if and only if their fields are the same', () => {
  fc.assert(
    fc.property(findings, findings, (a, b) => {
      const isSame = JSON.stringify(fieldsOf(a)) === JSON.stringify(fieldsOf(b));
      expect(findingKey(a) === findingKey(b)).toBe(isSame);
    }),
  );
});

test('every key is accepted, but no text with more or fewer fields', () => {
  fc.assert(
    fc.property(findings, (finding) => {
      const key = findingKey(finding);
      expect(isFindingKey(key)).toBe(true);
      expect([`${key}|`, `|${key}`, key.replace('|', '')].some(isFindingKey)).toBe(false);
    }),
    { examples: [[{ control: { slug: '' }, subject: { component: 'kubelet', name: '' } }]] },
  );
});

test('renaming the subject and renaming it back gives the same key', () => {
  fc.assert(
    fc.property(findings, text, (finding, name) => {
      const key = findingKey(finding);
      const renamed = renameSubject(key, finding.subject.name, name);

      expect(parseFindingKey(renamed)).toEqual({ ...fieldsOf(finding), name });
      expect(renameSubject(renamed, name, finding.subject.name)).toBe(key);
      expect(renameSubject(key, `${finding.subject.name}x`, name)).toBe(key);
    }),
  );
});

test('the format is the one that stored reports contain', () => {
  const pod = {
    component: 'kube-apiserver',
    kind: 'Pod',
    namespace: 'kube-system',
    name: 'a',
    container: 'b',
  } as const;
  const { control } = apiServerFinding();

  expect(findingKey({ control, subject: pod })).toBe(
    'apiserver-kubelet-client-cert|kube-apiserver|Pod|kube-system|a|b',
  );
  expect(findingKey(kubeletFinding({ subject: { component: 'kubelet', kind: 'Node', name: 'n', node: 'n' } }))).toBe(
    'kubelet-client-ca|kubelet|Node||n|',
  );
});

test('a key differs by control, component, object and container, and not by the evidence', () => {
  const finding = apiServerFinding();
  const { subject } = finding;
  const keys = [
    finding,
    kubeletFinding(),
    apiServerFinding({ subject: { ...subject, container: 'main' } }),
    apiServerFinding({ subject: { ...subject, namespace: 'default' } }),
    apiServerFinding({ subject: { ...subject, kind: 'Deployment' } }),
    apiServerFinding({ subject: { ...subject, name: 'another' } }),
  ].map(findingKey);

  expect(new Set(keys).size).toBe(keys.length);
  expect(findingKey(apiServerFinding({ outcome: outcomes.fail, vantage: 'live' }))).toBe(keys[0]);
});
