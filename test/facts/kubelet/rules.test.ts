// Rules that a kubelet checks when it has read its settings.

import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { kubeletSettings } from '../../../src/facts/kubelet/kubelet.ts';
import { flagTable } from '../../../src/facts/argv/flags.ts';
import { inspect } from '../../../src/inspect.ts';
import { controls } from '../../../src/controls/index.ts';
import { AMPLE, ample } from '../../support/budget.ts';

const HEAD = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const GOOD = `${HEAD}authentication: {x509: {clientCAFile: /pki/ca.crt}}\n`;

/** The verdict and reason of each of the kubelet's controls, each once. */
function verdicts(path: string, text: string): string[] {
  const { findings } = inspect(controls, [{ form: 'text', path, text }], AMPLE);
  const found = findings.map(({ outcome }) =>
    outcome.result === 'fail' ? `${outcome.violations[0].code}: ${outcome.violations[0].message}` : outcome.result,
  );
  return [...new Set(found)];
}

function pod(...flags: readonly string[]): string {
  const words = ['kubelet', '--client-ca-file=/pki/ca.crt', '--anonymous-auth=false', ...flags];
  const lines = words.map((word) => `    - ${JSON.stringify(word)}\n`).join('');
  return `apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: kubelet\n    image: a:v1.37.2\n    command:\n${lines}`;
}

describe('the kubelet exits with this configuration, whichever control is asked', () => {
  test.each([
    ['authorization: {mode: webhook}', 'unknown authorization mode webhook'],
    ['authorization: {mode: RBAC}', 'unknown authorization mode RBAC'],
    ['authorization: {mode: "RBAC,node"}', 'unknown authorization mode RBAC,node'],
    ['authorization: {mode: "AlwaysAllow,Webhook"}', 'unknown authorization mode AlwaysAllow,Webhook'],
    ['authorization: {mode: "Webhook "}', 'unknown authorization mode Webhook '],
    ['authorization: {mode: AlwaysDeny}', 'unknown authorization mode AlwaysDeny'],
    ['maxPods: -1', 'invalid configuration: maxPods is -1, which must be at least 0'],
    ['port: 70000', 'invalid configuration: port is 70000, which must be between 1 and 65535'],
    ['healthzPort: -1', 'invalid configuration: healthzPort is -1'],
    ['hairpinMode: bridge', 'invalid configuration: hairpinMode is bridge, which must be one of none, hairpin-veth'],
    ['topologyManagerPolicy: best_effort', 'invalid configuration: topologyManagerPolicy is best_effort'],
    ['imageGCHighThresholdPercent: 101', 'invalid configuration: imageGCHighThresholdPercent is 101'],
    ['imageGCLowThresholdPercent: 85', 'must leave the low threshold, 85, below the high one, 85'],
    ['imageGCHighThresholdPercent: 80', 'must leave the low threshold, 80, below the high one, 80'],
  ])('%s', (line, reason) => {
    const [first = '', ...others] = verdicts('kubelet.yaml', `${GOOD}${line}\n`);
    expect(first).toContain(
      `would-not-start: kubelet would refuse to start: ${reason.startsWith('must') ? 'invalid configuration' : reason}`,
    );
    expect(first).toContain(reason);
    expect(others).toEqual([]);
  });

  test.each([
    ['--authorization-mode=RBAC', 'unknown authorization mode RBAC'],
    ['--authorization-mode=', 'no authorization mode specified'],
    ['--authorization-mode=Webhook', 'no client provided, cannot use webhook authorization'],
    ['--authentication-token-webhook', 'no client provided, cannot use webhook authentication'],
    ['--port=0', 'invalid configuration: --port is 0'],
    ['--max-pods=-1', 'invalid configuration: --max-pods is -1'],
  ])('%s', (flag, reason) => {
    const [first = '', ...others] = verdicts('pod.yaml', pod(flag));
    expect(first).toContain(`would-not-start: kubelet would refuse to start: ${reason}`);
    expect(others).toEqual([]);
  });
});

describe('the kubelet starts', () => {
  test.each([
    'authorization: {mode: ""}',
    'port: 0',
    'healthzPort: 0',
    'maxPods: 0',
    'hairpinMode: ""',
    'imageGCLowThresholdPercent: 0',
    'oomScoreAdj: -1000',
    'readOnlyPort: 0',
    'eventRecordQPS: 0',
    'maxPods: ${MAX_PODS}',
    'MaxPods: -1',
  ])('%s', (line) => {
    expect(verdicts('kubelet.yaml', `${GOOD}${line}\n`)).toEqual(['pass']);
  });

  test.each([
    [['--authorization-mode=Webhook', '--kubeconfig=/k']],
    [['--authorization-mode=Webhook', '--kubeconfig', '${KUBECONFIG}']],
    [['--authentication-token-webhook', '--kubeconfig=/k', '--authorization-mode=Webhook']],
  ])('with %j', (flags) => {
    expect(verdicts('pod.yaml', pod(...flags))).toEqual(['pass']);
  });

  test('a mode that a template fills in is not known', () => {
    expect(verdicts('kubelet.yaml', `${GOOD}authorization: {mode: "\${MODE}"}\n`)).toEqual(['pass', 'unknown']);
  });
});

describe('a unit without a kubeconfig', () => {
  const unit = (flags: string) => `[Service]\nExecStart=/usr/bin/kubelet --client-ca-file=/pki/ca.crt ${flags}\n`;

  test('does not start with a webhook', () => {
    const documents = (flags: string) => [
      {
        form: 'files' as const,
        source: { path: 'kubelet.service', document: 0 },
        files: [{ path: 'kubelet.service', text: unit(flags) }],
      },
    ];
    const codesOf = (flags: string) =>
      inspect(controls, documents(flags), AMPLE).findings.map(({ outcome }) =>
        outcome.result === 'fail' ? outcome.violations[0].code : outcome.result,
      );
    expect(codesOf('--authorization-mode=Webhook --anonymous-auth=false')).toEqual(Array(3).fill('would-not-start'));
    expect(codesOf('--authorization-mode=Webhook --anonymous-auth=false --kubeconfig=/k')).toEqual(
      Array(3).fill('pass'),
    );
    expect(codesOf('--authorization-mode=Webhook --bootstrap-kubeconfig=/k')).toEqual(Array(3).fill('would-not-start'));
  });
});

/** Set-ups and whether the kubelet's own code, ValidateKubeletConfiguration, BuildAuthn and BuildAuthz of v1.37.2, accepts them. */
test('set-ups are refused as the kubelet refuses them', () => {
  const lines = readFileSync(join(import.meta.dirname, '../../fixtures/kubelet-starts.jsonl'), 'utf8').trimEnd();
  const wrong = lines.split('\n').filter((line) => {
    const { args, files, starts } = JSON.parse(line) as Recorded;
    return (settingsOf(args, files).refusal === undefined) !== starts;
  });
  expect(lines.length).toBeGreaterThan(10_000);
  expect(wrong).toEqual([]);
});

interface Recorded {
  readonly args: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly starts: boolean;
}

function settingsOf(args: readonly string[], files: Recorded['files']) {
  return kubeletSettings({
    args: args.map((text) => ({ text })),
    budget: ample(),
    minor: 37,
    isWhole: true,
    readFile: (path) => ({ state: 'read', text: files[path.replace('$DIR/', '')] ?? '' }),
    readDropIns: () => [{ path: '$DIR/conf.d/a.conf', text: files['conf.d/a.conf'] ?? '' }],
  });
}

test('the parser keeps every flag that a rule reads', () => {
  const table = flagTable('kubelet', 37);
  for (const name of [
    'kubeconfig',
    'max-pods',
    'hairpin-mode',
    'image-gc-low-threshold',
    'registry-qps',
    'oom-score-adj',
  ])
    expect(table.find(name)?.kept).toBe(true);
});
