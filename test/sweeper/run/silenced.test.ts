import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { sweepOptions } from '../../../src/commands/sweep-deps.ts';
import { controls } from '../../../src/controls/index.ts';
import type { SweepDeps } from '../../../src/sweeper/run/deps.ts';
import type { SweepResult } from '../../../src/sweeper/run/sweep.ts';
import type { AnswerDocument, RawDocument } from '../../../src/policy/document.ts';
import type { Finding } from '../../../src/policy/finding.ts';
import { readConfiguration } from '../../../src/runtime/configuration/configuration.ts';
import {
  addressOf,
  apiServerPod,
  configz,
  evidence,
  flagz,
  hello,
  kubeletConfigMap,
  node,
  run,
  SERVER,
  silent,
  stream,
  unanswered,
} from './cluster.ts';

const SLUGS = controls.map(({ slug }) => slug);
const HEAD = 'apiVersion: kubelet-guard.dev/v1alpha1\nkind: GuardConfiguration\n';

/** Sweeps with these controls off. */
function sweepWithout(silenced: readonly string[], changes: Partial<SweepDeps>): Promise<SweepResult> {
  const text = `${HEAD}controls: { ${silenced.map((slug) => `${slug}: { action: off }`).join(', ')} }\n`;
  const configuration = readConfiguration({ path: 'guard.yaml', text }, controls);
  return run(changes, new AbortController().signal, sweepOptions(configuration, controls, 4, '2026-11-23'));
}

function open(name: string): RawDocument {
  const authentication = { x509: { clientCAFile: '/ca.crt' }, anonymous: { enabled: true } };
  const value = { kubeletconfig: { authentication, authorization: { mode: 'AlwaysAllow' } } };
  return { form: 'configz', source: { node: name, via: 'configz' }, value };
}

function proxied(name: string): RawDocument {
  const document = configz(name, '/ca.crt') as AnswerDocument;
  return { ...document, source: { node: name, via: 'configz-proxy' } };
}

const stored =
  (result: 'pass' | 'fail'): SweepDeps['loadAudit'] =>
  ({ name }) =>
    Promise.resolve({
      at: '2026-11-23T11:55:00.000Z',
      findings: controls.map((control): Finding => {
        const origin = { layer: 'file' } as const;
        const violation = { code: 'missing', setting: 'x', message: 'x is not set', origin };
        return {
          control,
          subject: { component: control.component, name, kind: 'Node', node: name },
          source: { node: name, via: 'proc' },
          vantage: 'on-node',
          surface: 'process',
          outcome:
            result === 'pass'
              ? { result, warnings: [] }
              : { result, violations: [violation], problems: [], warnings: [] },
          evidence: [],
        };
      }),
    });

describe('a control that is off', () => {
  test('still keeps a call from proving the link if the kubelet answers anybody', async () => {
    const changes = { evidence: [evidence('configz', open), evidence('configz-proxy', proxied)] };
    const { link } = await sweepWithout(['kubelet-anonymous-auth'], changes);
    expect(link.calls).toEqual({ answered: 0, refused: 0 });
  });

  test('still proves its end of the link', async () => {
    for (const slug of ['kubelet-client-ca', 'apiserver-kubelet-client-cert']) {
      const { link, findings } = await sweepWithout([slug], {});
      expect(link.result).toBe('pass');
      expect([...findings.all()].map(({ control }) => control.slug)).not.toContain(slug);
    }
  });

  test('still breaks its end of the link', async () => {
    const changes = { evidence: [evidence('configz', (name) => configz(name, undefined))] };
    const { link, counts } = await sweepWithout(['kubelet-client-ca'], changes);
    expect(link.result).toBe('fail');
    expect(counts.summary.fail).toBe(0);
  });

  const pods = [apiServerPod('kube-apiserver-a', addressOf('a'), [], 'a'), kubeletConfigMap('/declared.crt')];
  const refusing = evidence('configz-proxy', (name) => unanswered(name, 'configz-proxy', 'unauthorized'));
  const greeting = evidence('handshake', (name) => hello(name, name === 'a' ? ['CN=ca'] : undefined));
  const CLUSTERS: readonly Partial<SweepDeps>[] = [
    {},
    { objects: () => stream(pods) },
    { objects: () => stream(pods), loadAudit: stored('fail') },
    { objects: () => stream(pods), askApiServers: () => Promise.resolve([flagz(`${addressOf('a')}:6443`, {})]) },
    { evidence: [greeting, evidence('configz', open), evidence('configz-proxy', proxied)] },
    { evidence: [greeting, refusing], loadAudit: stored('pass') },
    { evidence: [evidence('configz', (name) => configz(name, '/ca.crt')), refusing], askApiServers: undefined },
    { evidence: [refusing], nodes: () => stream([[node('a', { isVirtual: true }), node('b')]]) },
    { version: () => Promise.resolve('v1.37.2-eks-1'), askApiServers: () => Promise.resolve([]) },
    { askApiServers: () => Promise.resolve([flagz(SERVER, {})]), loadAudit: stored('fail') },
  ];

  test('changes neither the link nor a finding of another control, whichever are off', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...CLUSTERS), fc.subarray(SLUGS), async (cluster, silenced) => {
        const isOther = ({ control }: Finding): boolean => !silenced.includes(control.slug);
        const reported: string[] = [];
        const callbacks = { ...silent, onFinding: ({ control }: Finding) => reported.push(control.slug) };
        const all = await sweepWithout([], cluster);
        const some = await sweepWithout(silenced, { ...cluster, callbacks });
        const wanted = [...all.findings.all()].filter(isOther);
        expect([...some.findings.all()].map(plain)).toEqual(wanted.map(plain));
        expect(some.link).toEqual(all.link);
        expect(some.problems).toEqual(all.problems);
        expect(some.nodes.skippedNames).toEqual(all.nodes.skippedNames);
        const { pass, fail, unknown } = some.counts.summary;
        expect(pass + fail + unknown).toBe(wanted.length);
        expect(reported.filter((slug) => silenced.includes(slug))).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

function plain({ control, ...finding }: Finding): unknown {
  return { ...finding, control: control.slug };
}
