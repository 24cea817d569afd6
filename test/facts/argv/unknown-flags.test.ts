import { describe, expect, test } from '@jest/globals';

import { flagTable } from '../../../src/facts/argv/flags.ts';
import { parseCommandLine, type CommandLine } from '../../../src/facts/argv/pflag.ts';
import { wordOf } from '../../../src/facts/argv/words.ts';
import type { Component } from '../../../src/policy/reading.ts';
import { ample } from '../../support/budget.ts';

function parse(component: Component, minor: number | undefined, ...words: readonly string[]): CommandLine {
  return parseCommandLine(
    words.map((text) => wordOf(text, undefined)),
    flagTable(component, minor),
    { emptyPositionals: false, budget: ample() },
  );
}

function doubts({ doubts: found }: CommandLine): readonly string[] {
  return found.map(({ message }) => message);
}

describe('a flag that was removed', () => {
  const REMOVED = '--pod-infra-container-image=registry.example.com/pause:3.9';

  test('is a doubt that names the last version if the version is not shown, and hides nothing behind it', () => {
    const found = parse('kubelet', undefined, REMOVED, '--client-ca-file=/ca.crt');
    expect(doubts(found)).toStrictEqual([
      'the flag --pod-infra-container-image exists until Kubernetes 1.34, and the document does not show which version runs: a newer component would not start; remove the flag, or check the running process',
    ]);
    expect(found.unclear).toBeUndefined();
    expect(found.assignments.get('client-ca-file')?.value).toBe('/ca.crt');
  });

  test('takes its value as the version did that had it', () => {
    const found = parse('kubelet', undefined, '--pod-infra-container-image', '--pause', '--client-ca-file=/ca.crt');
    expect(found.unclear).toBeUndefined();
    expect(found.assignments.get('client-ca-file')?.value).toBe('/ca.crt');
  });

  test('is refused by a version that does not have it, which is named', () => {
    expect(parse('kubelet', 37, REMOVED).refusal?.reason).toBe(
      'unknown flag: --pod-infra-container-image (Kubernetes 1.34 is the last version that has it)',
    );
    expect(parse('kubelet', 34, REMOVED)).toMatchObject({ doubts: [] });
    expect(parse('kubelet', 34, REMOVED).refusal).toBeUndefined();
  });

  test('is refused with a value that no version accepts', () => {
    expect(parse('kube-apiserver', undefined, '--storage-media-type').refusal?.reason).toContain('needs an argument');
  });
});

describe('a flag that is newer than the version', () => {
  test('is refused, and the first version is named', () => {
    expect(parse('kubelet', 30, '--fail-cgroupv1=false').refusal?.reason).toBe(
      'unknown flag: --fail-cgroupv1 (Kubernetes 1.31 is the first version that has it)',
    );
  });
});

describe('a flag that no version has', () => {
  test.each([
    [undefined, 'no known version of the component (1.'],
    [17, 'the version that runs is older than 1.'],
    [99, 'the version that runs is newer than 1.37, which does not have the flag --vendor-flag'],
  ])('is a doubt with its own sentence in version %j', (minor, sentence) => {
    const found = parse('kubelet', minor, '--vendor-flag=x', '--client-ca-file=/ca.crt');
    expect(doubts(found)).toStrictEqual([expect.stringContaining(sentence)]);
    expect(found.assignments.get('client-ca-file')?.value).toBe('/ca.crt');
  });

  test('makes everything behind it unclear only if it may take the next word', () => {
    expect(parse('kubelet', undefined, '--vendor-flag', '--client-ca-file=/ca.crt').unclear?.code).toBe('unknown-flag');
  });
});

describe('old versions', () => {
  test.each<[Component, number, string, string | undefined]>([
    ['kube-apiserver', 20, '--insecure-port=0', undefined],
    ['kube-apiserver', 23, '--insecure-port=0', undefined],
    ['kube-apiserver', 24, '--insecure-port=0', '1.23 is the last version'],
    ['kube-apiserver', 23, '--master-service-namespace=default', undefined],
    ['kube-apiserver', 25, '--logtostderr', undefined],
    ['kube-apiserver', 26, '--logtostderr=true', '1.25 is the last version'],
    ['kubelet', 23, '--network-plugin=cni', undefined],
    ['kubelet', 24, '--network-plugin=cni', '1.23 is the last version'],
    ['kubelet', 26, '--container-runtime=remote', undefined],
    ['kubelet', 27, '--container-runtime=remote', '1.26 is the last version'],
    ['kubelet', 22, '--register-with-taints=key,key', undefined],
    ['kubelet', 23, '--register-with-taints=key', 'invalid taint spec'],
    ['kubelet', 22, '--v=-1', undefined],
    ['kubelet', 23, '--v=-1', 'invalid argument'],
    ['kubelet', 22, '--v=2147483648', 'invalid argument'],
    ['kubelet', 22, '--vmodule=a=0,b=+5,', undefined],
    ['kubelet', 22, '--vmodule=a=-1', 'invalid argument'],
    ['kubelet', 25, '--stderrthreshold=warning', undefined],
    ['kubelet', 25, '--stderrthreshold=loud', 'invalid argument'],
    ['kubelet', 25, '--log-backtrace-at=file.go:3', undefined],
    ['kubelet', 25, '--log-backtrace-at=file.go:0', 'invalid argument'],
  ])('%s 1.%i: %s → %s', (component, minor, word, reason) => {
    const { refusal, doubts: found } = parse(component, minor, word);
    expect(found).toEqual([]);
    if (reason === undefined) expect(refusal).toBeUndefined();
    else expect(refusal?.reason).toContain(reason);
  });
});
