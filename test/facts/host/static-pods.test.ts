import { describe, expect, test } from '@jest/globals';

import { staticPods } from '../../../src/facts/host/static-pods.ts';
import type { ProcessDocument } from '../../../src/policy/document.ts';
import { configuration, dropIn, processOf } from './documents.ts';
import { ample } from '../../support/budget.ts';

const MANIFESTS = '/etc/kubernetes/manifests';

function manifest(key: string, name = 'kube-apiserver'): string {
  const command = ['kube-apiserver', '--kubelet-client-certificate=/a.crt', `--kubelet-client-key=${key}`];
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'kube-system' },
    spec: { containers: [{ name: 'kube-apiserver', image: 'example/kube-apiserver:v1.37.2', command }] },
  });
}

/** The value of --kubelet-client-key in each file. */
function keys(document: ProcessDocument): Readonly<Record<string, string>> {
  return Object.fromEntries(
    staticPods(document, ample()).flatMap(({ source, subjects }) =>
      subjects.map((subject) => {
        const key = subject.component === 'kube-apiserver' ? subject.kubeletClientKey : undefined;
        return ['path' in source ? source.path : '', key?.state === 'set' ? key.value : ''];
      }),
    ),
  );
}

describe('static pods', () => {
  const kubelet = (files: Readonly<Record<string, string>>, ...args: readonly string[]) =>
    processOf('kubelet', [`--pod-manifest-path=${MANIFESTS}`, ...args], files);

  test('have the names that the kubelet gives them', () => {
    const [pod] = staticPods(kubelet({ [`${MANIFESTS}/a.yaml`]: manifest('/a.key') }), ample());
    expect(pod?.subjects).toMatchObject([
      {
        name: { name: 'kube-apiserver-node-1', namespace: 'kube-system', kind: 'Pod', node: 'node-1' },
        source: { path: `${MANIFESTS}/a.yaml`, document: 0 },
        vantage: 'on-node',
      },
    ]);
    const nowhere = manifest('/a.key').replace(',"namespace":"kube-system"', '');
    expect(staticPods(kubelet({ [`${MANIFESTS}/a.yaml`]: nowhere }), ample())[0]?.subjects[0]?.name.namespace).toBe(
      'default',
    );
  });

  test('come from the last file if several files have a pod of the same name', () => {
    const files = {
      [`${MANIFESTS}/kube-apiserver.yaml`]: manifest('/a.key'),
      [`${MANIFESTS}/kube-apiserver.yaml.bak`]: manifest('/old.key'),
      [`${MANIFESTS}/other.yaml`]: manifest('/other.key', 'another'),
    };
    expect(keys(kubelet(files))).toStrictEqual({
      [`${MANIFESTS}/kube-apiserver.yaml.bak`]: '/old.key',
      [`${MANIFESTS}/other.yaml`]: '/other.key',
    });
  });

  test('come only from the first document of a file, and only from pods', () => {
    const files = {
      [`${MANIFESTS}/1.yaml`]: `${manifest('/1.key')}\n---\n${manifest('/2.key', 'two')}\n`,
      [`${MANIFESTS}/3.yaml`]: JSON.stringify({
        apiVersion: 'v1',
        kind: 'List',
        items: [JSON.parse(manifest('/3.key', 'three'))],
      }),
      [`${MANIFESTS}/4.yaml`]: '',
    };
    expect(keys(kubelet(files))).toStrictEqual({ [`${MANIFESTS}/1.yaml`]: '/1.key' });
  });

  test('that cannot be read are problems', () => {
    expect(staticPods(kubelet({ [`${MANIFESTS}/a.yaml`]: 'a: [' }), ample())).toMatchObject([
      { subjects: [], problems: [{ code: 'malformed' }] },
    ]);
    const closed = kubelet({});
    const problem = { code: 'forbidden', message: 'no' } as const;
    const files = { ...closed.files, readStaticPods: () => ({ state: 'unreadable', problem }) as const };
    expect(staticPods({ ...closed, files }, ample())).toMatchObject([{ subjects: [], problems: [problem] }]);
  });

  test('do not exist without a folder, or if no folder is set', () => {
    expect(staticPods(kubelet({}), ample())).toStrictEqual([]);
    expect(staticPods(processOf('kubelet', [], { [`${MANIFESTS}/a.yaml`]: manifest('/a') }), ample())).toStrictEqual(
      [],
    );
  });
});

describe('the folder of static pods', () => {
  const CONFIG = '/var/lib/kubelet/config.yaml';
  const files = {
    [CONFIG]: configuration('/a', 'staticPodPath: manifests'),
    '/etc/kubelet.d/a.conf': `${dropIn('/a')}staticPodPath: /drop-in\n`,
    '/var/lib/kubelet/manifests/a.yaml': manifest('/file'),
    '/drop-in/a.yaml': manifest('/drop-in'),
    'flag/a.yaml': manifest('/flag'),
  };

  test.each([
    [[`--config=${CONFIG}`], '/file'],
    [[`--config=${CONFIG}`, '--config-dir=/etc/kubelet.d'], '/drop-in'],
    [['--config-dir=/etc/kubelet.d'], '/drop-in'],
    [[`--config=${CONFIG}`, '--config-dir=/etc/kubelet.d', '--pod-manifest-path', 'flag'], '/flag'],
  ])('is the one that %j sets', (args, key) => {
    expect(Object.values(keys(processOf('kubelet', args, files)))).toStrictEqual([key]);
  });
});
