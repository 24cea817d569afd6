// Which platform a document shows, and that no platform changes a result.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { controls } from '../../src/controls/index.ts';
import { platformOfProcess } from '../../src/facts/platform.ts';
import { inspect } from '../../src/inspect.ts';
import { PLATFORMS } from '../../src/policy/benchmarks/platform.ts';
import type { Control } from '../../src/policy/control.ts';
import type { ProcessCommand, ProcessDocument } from '../../src/policy/document.ts';
import { evaluate } from '../../src/policy/evaluate.ts';
import type { Subject } from '../../src/policy/subject.ts';
import { AMPLE } from '../support/budget.ts';
import { fixturesOf } from '../support/fixtures.ts';

const golden = join(import.meta.dirname, '../golden');

/** A control that keeps the subjects that it sees. */
function collecting(subjects: Subject[]): Control[] {
  return controls.slice(0, 2).map((control) => ({
    ...control,
    check: (subject) => {
      subjects.push(subject);
      return control.check(subject);
    },
  }));
}

function platformsIn(text: string, path = 'file.yaml'): unknown[] {
  const { findings } = inspect(controls, [{ form: 'text', path, text }], AMPLE);
  return [...new Set(findings.map(({ platform }) => platform))];
}

function process(command: ProcessCommand, unit?: string): ProcessDocument {
  const nothing = () => ({ state: 'missing' }) as const;
  return {
    form: 'process',
    source: { node: 'n', via: 'proc' },
    subject: { component: 'kubelet', name: 'n' },
    view: 'running',
    command,
    files: { readFile: nothing, readBytes: nothing, readDropIns: nothing, readStaticPods: nothing, stat: nothing },
    problems: [],
    ...(unit !== undefined && { unit }),
  };
}

describe('the platform', () => {
  test.each([
    ['kubeadm/kube-apiserver.yaml', ['kubeadm']],
    ['kubeadm/kubeadm-config.yaml', ['kubeadm']],
    ['kubeadm/kubelet-config.yaml', ['kubeadm']],
    ['kind/kube-apiserver.yaml', ['kubeadm']],
    ['rke2/kube-apiserver.yaml', ['rke2']],
    ['talos/kube-apiserver-mirror.yaml', ['talos']],
    ['kops/kube-apiserver.manifest', ['kops']],
    ['openshift/kube-apiserver-pod.yaml', ['openshift']],
    ['openshift/config.yaml', ['openshift']],
    ['gce/kube-apiserver.manifest', [undefined]],
    ['kamaji/tenant.yaml', [undefined]],
    ['gardener/kube-apiserver.yaml', [undefined]],
  ])('of %s is %j', (file, expected) => {
    expect(platformsIn(readFileSync(join(golden, file), 'utf8'))).toStrictEqual(expected);
  });

  test.each([
    ['aks', 'aks'],
    ['eks', 'eks'],
    ['k3s', 'k3s'],
    ['openshift', 'openshift'],
  ])('of the command line of the kubelet of %s is %s', (folder, expected) => {
    const [, ...args] = readFileSync(join(golden, folder, 'kubelet.argv'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(platformOfProcess(process({ by: 'words', args }))).toBe(expected);
  });

  test.each([
    [{ by: 'unit' }, 'rke2-agent.service', 'rke2'],
    [{ by: 'unit' }, 'k3s-agent.service', 'k3s'],
    [{ by: 'unit' }, 'kubelet.service', undefined],
    [{ by: 'k3s', dataDirectory: '/var/lib/rancher/k3s' }, undefined, 'k3s'],
    [{ by: 'args-file', path: '/var/snap/microk8s/current/args/kubelet', variables: new Map() }, undefined, 'microk8s'],
    [
      { by: 'words', args: ['--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf'] },
      'kubelet.service',
      'kubeadm',
    ],
    [{ by: 'words', args: ['--config=/opt/kubelet.yaml'] }, undefined, undefined],
  ] as const)('of a process started with %j by %s is %s', (command, unit, expected) => {
    expect(platformOfProcess(process(command, unit))).toBe(expected);
  });

  test.each([
    ['NodeConfig', 'apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec: { kubelet: { flags: [] } }\n', 'eks'],
    [
      'KubeletConfig',
      'apiVersion: machineconfiguration.openshift.io/v1\nkind: KubeletConfig\nmetadata: { name: a }\nspec: { kubeletConfig: { authentication: { x509: { clientCAFile: "" } } } }\n',
      'openshift',
    ],
    [
      'KubeadmControlPlane',
      'apiVersion: controlplane.cluster.x-k8s.io/v1beta1\nkind: KubeadmControlPlane\nmetadata: { name: a }\nspec: { kubeadmConfigSpec: { clusterConfiguration: {} }, version: v1.31.0 }\n',
      'kubeadm',
    ],
  ])('of a %s is its own', (_kind, text, expected) => {
    expect(platformsIn(text)).toStrictEqual([expected]);
  });
});

test('no platform changes a result', () => {
  const subjects: Subject[] = [];
  const collect = collecting(subjects);
  const texts = [
    ...readdirSync(golden).flatMap((folder) =>
      readdirSync(join(golden, folder), { withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name !== 'report.json')
        .map(({ name }) => readFileSync(join(golden, folder, name), 'utf8')),
    ),
    ...controls.flatMap(({ slug }) => fixturesOf(slug).map(({ text }) => text)),
  ];
  inspect(
    collect,
    texts.map((text, index) => ({ form: 'text', path: `${index}.yaml`, text })),
    AMPLE,
  );
  expect(subjects.length).toBeGreaterThan(100);
  const results = (all: readonly Subject[]) =>
    evaluate(controls, all).map(({ outcome, evidence }) => [outcome, evidence]);
  const expected = results(subjects);
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.constantFrom(...PLATFORMS), { nil: undefined }), { minLength: 1, maxLength: 50 }),
      (platforms) => {
        const changed = subjects.map(({ platform: _, ...subject }, index) => {
          const platform = platforms[index % platforms.length];
          return { ...subject, ...(platform && { platform }) };
        });
        expect(results(changed)).toStrictEqual(expected);
      },
    ),
    { numRuns: 20 },
  );
});
