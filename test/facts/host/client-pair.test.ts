import { describe, expect, test } from '@jest/globals';

import { controls } from '../../../src/controls/index.ts';
import { readCertificateFiles } from '../../../src/evidence/host/certificates.ts';
import { apiServerMinorOf } from '../../../src/facts/host/host.ts';
import { inspect } from '../../../src/inspect.ts';
import type { ProcessCommand, ProcessDocument } from '../../../src/policy/document.ts';
import { checkTimeAt } from '../../../src/runtime/configuration/certificates.ts';
import { authority, client, NOW } from '../../support/link-certificates.ts';
import { AMPLE } from '../../support/budget.ts';
import { AFTER, BEFORE, filesOf, processOf } from './documents.ts';

const ca = await authority();
const pair = await client(ca);
const PAIR = ['--kubelet-client-certificate=/a.crt', '--kubelet-client-key=/a.key'];
const ISSUER = '--service-account-issuer=https://kubernetes.default.svc';

function server(
  changed: Date,
  command: readonly string[] | ProcessCommand,
  more: Partial<ProcessDocument> = {},
): ProcessDocument {
  const files = {
    '/a.crt': { text: pair.pem, changed },
    '/a.key': { text: pair.keyPem, changed },
    '/args': PAIR.join('\n'),
  };
  const certificates = readCertificateFiles(filesOf(files), checkTimeAt(NOW, undefined), () => undefined);
  return processOf('kube-apiserver', command, files, { certificates, ...more });
}

/** The results of the running process, and of its next start. */
function results(document: ProcessDocument): readonly (string | undefined)[] {
  return (['running', 'next'] as const).map((view) => {
    const { findings } = inspect(controls, [{ ...document, view }], AMPLE);
    return findings.find(({ control }) => control.slug === 'apiserver-kubelet-client-cert')?.outcome.result;
  });
}

describe('a pair that was renewed while kube-apiserver runs', () => {
  test.each([
    ['1.17 by its image', PAIR, { minor: 17 }, ['unknown', 'pass']],
    ['1.17 by its image, with an issuer', [...PAIR, ISSUER], { minor: 17 }, ['unknown', 'pass']],
    ['1.9 by its image', PAIR, { minor: 9 }, ['unknown', 'pass']],
    ['1.18 by its image', PAIR, { minor: 18 }, ['pass', undefined]],
    ['1.37 by its image', PAIR, { minor: 37 }, ['pass', undefined]],
    ['no version, but the issuer that 1.20 requires', [...PAIR, ISSUER], {}, ['pass', undefined]],
    [
      'no version, but the issuer as two words',
      [...PAIR, '--service-account-issuer', 'https://x'],
      {},
      ['pass', undefined],
    ],
    ['no version, and no issuer', PAIR, {}, ['unknown', 'pass']],
    [
      'a file of arguments, as microk8s',
      { by: 'args-file', path: '/args', variables: new Map() } as const,
      {},
      ['pass', undefined],
    ],
  ])('is judged by its version: %s', (_, command, more, expected) => {
    expect(results(server(AFTER, command, more))).toStrictEqual(expected);
    expect(results(server(BEFORE, command, more))).toStrictEqual(['pass', undefined]);
  });

  test('has a problem that says what to do', () => {
    const { findings } = inspect(controls, [server(AFTER, PAIR, { minor: 16 })], AMPLE);
    expect(findings[0]?.outcome).toMatchObject({
      problems: [
        { message: expect.stringMatching(/^\/a.crt was changed .* has the version 1.16: .*; restart it$/) as unknown },
      ],
    });
  });
});

describe('the version of a static kube-apiserver is that of its image', () => {
  const minorOf = (...images: readonly string[]) => {
    const pods = images.map((image, at) => {
      const spec = { containers: [{ name: 'kube-apiserver', image, command: ['kube-apiserver', ...PAIR] }] };
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: `pod-${at}` }, spec };
      return [`/manifests/${at}.yaml`, JSON.stringify(pod)] as const;
    });
    return apiServerMinorOf(processOf('kubelet', ['--pod-manifest-path=/manifests'], Object.fromEntries(pods)), AMPLE);
  };

  test.each([
    [['k8s.gcr.io/kube-apiserver:v1.17.4'], 17],
    [['registry.k8s.io/kube-apiserver-amd64:v1.16.15@sha256:0'], 16],
    [['registry.k8s.io/kube-apiserver@sha256:0'], undefined],
    [['registry.k8s.io/kube-apiserver:latest'], undefined],
    [['x/kube-apiserver:v1.17.4', 'x/kube-apiserver:v1.18.0'], undefined],
    [[], undefined],
  ])('%j: %s', (images, minor) => {
    expect(minorOf(...images)).toBe(minor);
  });
});
