import { describe, expect, test } from '@jest/globals';

import { inspect } from '../../../src/inspect.ts';
import { ofTheLink } from '../../support/controls.ts';
import { AMPLE } from '../../support/budget.ts';

type Containers = Readonly<Record<'containers' | 'initContainers', readonly object[]>>;

function resultsOf(spec: Partial<Containers>): string[] {
  const metadata = { name: 'it', namespace: 'kube-system' };
  const value = { apiVersion: 'v1', kind: 'Pod', metadata, spec };
  const { findings } = inspect(
    ofTheLink,
    [{ form: 'object', source: { object: 'it' }, vantage: 'running', value }],
    AMPLE,
  );
  return findings.map(({ control, outcome }) => `${control.slug} ${outcome.result}`);
}

describe('a kubelet in a pod', () => {
  test.each([
    ['with a client CA on its command line', ['kubelet', '--client-ca-file=/ca.crt'], ['kubelet-client-ca pass']],
    [
      'with an empty client CA on its command line',
      ['kubelet', '--client-ca-file=', '--config=/c'],
      ['kubelet-client-ca fail'],
    ],
    ['without any configuration', ['kubelet'], ['kubelet-client-ca fail']],
    ['whose configuration the pod does not show', ['kubelet', '--config=/c'], ['kubelet-client-ca unknown']],
    ['without a server', ['kubelet', '--enable-server=false'], []],
    ['that is another program', ['kubelet-csr-approver'], []],
  ])('%s', (_name, command, results) => {
    expect(resultsOf({ containers: [{ name: 'kubelet', command }] })).toEqual(results);
  });
});

describe('a program that only prints its version', () => {
  test.each(['kubelet', 'kube-apiserver'])(
    '%s gives no finding in an init container, and fails in another container',
    (program) => {
      const container = { name: 'it', command: [program, '--version'] };
      expect(resultsOf({ initContainers: [container] })).toEqual([]);
      expect(resultsOf({ containers: [container] })).toEqual([expect.stringMatching(/ fail$/)]);
    },
  );
});

describe('a conditional start beside an unknown program', () => {
  const good = 'kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key=/k';
  const pass = ['apiserver-kubelet-client-cert pass'];
  const unknown = ['apiserver-kubelet-client-cert unknown'];

  test.each([
    [`if [ -f /x ]; then exec ${good}; fi; exec /start.sh`, unknown],
    [`if [ -f /x ]; then exec /start.sh; else exec ${good}; fi`, unknown],
    [`if [ -f /x ]; then exec ${good}; fi\n/start.sh`, unknown],
    [`if [ -f /x ]; then exec kube-apiserver; fi; exec /start.sh`, unknown],
    [`/setup; exec ${good}`, pass],
    [`set -e; /setup; exec ${good}`, pass],
    [`[ -f /x ] || /setup; exec ${good}`, pass],
    [`if [ -f /x ]; then exec ${good}; fi; exec sleep 1`, pass],
    [`run() { exec ${good}; }; run`, pass],
    [`f() { K=; }; K=/k; f; exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key="$K"`, unknown],
    [`run() { exec ${good}; }; other() { /start.sh; }; other; run`, unknown],
  ])('%s', (script, results) => {
    expect(resultsOf({ containers: [{ name: 'it', command: ['sh', '-c', script] }] })).toEqual(results);
  });
});

describe('a container that is kube-apiserver by its image or name, with an unknown program,', () => {
  const command = ['kube-apiserver', '--kubelet-client-certificate=/c', '--kubelet-client-key=/k'];
  const opaque = { command: ['/start.sh'] };

  test.each([
    ['an image', { ...opaque, name: 'it', image: 'registry.k8s.io/kube-apiserver:v1.37.2' }],
    ['a name', { ...opaque, name: 'kube-apiserver', image: 'it' }],
  ])('is unknown by %s, whatever runs beside it', (_what, container) => {
    expect(resultsOf({ containers: [{ name: 'beside', command }, container] })).toEqual([
      'apiserver-kubelet-client-cert pass',
      'apiserver-kubelet-client-cert unknown',
    ]);
  });

  test('has the result of the kube-apiserver that it starts itself', () => {
    const script = `/setup; exec ${command.join(' ')}`;
    const container = { name: 'kube-apiserver', image: 'kube-apiserver', command: ['sh', '-c', script] };
    expect(resultsOf({ containers: [container] })).toEqual(['apiserver-kubelet-client-cert pass']);
  });
});

describe('a container without a command', () => {
  const certificate = '--kubelet-client-certificate=/c';
  const pair = [certificate, '--kubelet-client-key=/k'];

  test.each([
    ['kube-apiserver-amd64:v1.20.1', [certificate], ['apiserver-kubelet-client-cert fail']],
    [
      'registry.example.com:5000/mirror/kube-apiserver-arm64@sha256:abc',
      pair,
      ['apiserver-kubelet-client-cert unknown'],
    ],
    [
      'example.com/kube-apiserver-linux-arm64:v1.31.0',
      ['kube-apiserver', ...pair],
      ['apiserver-kubelet-client-cert pass'],
    ],
    ['registry.k8s.io/kube-apiserver-s390x:v1.31.0', pair, ['apiserver-kubelet-client-cert fail']],
    ['k8s.gcr.io/hyperkube-amd64:v1.9.6', ['apiserver', certificate], ['apiserver-kubelet-client-cert fail']],
    ['k8s.gcr.io/hyperkube:v1.9.6', ['/hyperkube', 'kubelet', '--client-ca-file='], ['kubelet-client-ca fail']],
    ['example.com/kubelet:v1.31.0', ['--client-ca-file='], ['kubelet-client-ca fail']],
    ['example.com/kubelet-amd64', ['--client-ca-file=/ca.crt'], ['kubelet-client-ca unknown']],
    ['example.com/kube-apiserver-proxy:v1', ['--v=2'], []],
    ['example.com/kubelet-csr-approver:v1', ['--v=2'], []],
    ['example.com/my-kube-apiserver:v1', ['--v=2'], []],
  ])('and with the image %s and the arguments %j', (image, args, results) => {
    expect(resultsOf({ containers: [{ name: 'it', image, args }] })).toEqual(results);
  });

  test.each([
    ['kube-apiserver-amd64', ['apiserver-kubelet-client-cert unknown']],
    ['nginx', []],
  ])('and without arguments has the settings of the entrypoint of %s', (image, results) => {
    expect(resultsOf({ containers: [{ name: 'it', image }] })).toEqual(results);
  });
});
