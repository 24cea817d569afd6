import { describe, expect, test } from '@jest/globals';

import type { KubeletEvidence } from '../../../src/evidence/evidence.ts';
import type { SweepResult } from '../../../src/sweeper/run/sweep.ts';
import type { RawDocument } from '../../../src/policy/document.ts';
import type { Finding } from '../../../src/policy/finding.ts';
import { configz, evidence, node, resultLines, run, stream, unanswered } from './cluster.ts';

const CA = 'kubelet-client-ca';
const ANONYMOUS = 'kubelet-anonymous-auth';

/** What a kubelet shows that has only the flag --config. */
const FLAGS = {
  'anonymous-auth': 'true',
  'authorization-mode': 'AlwaysAllow',
  'client-ca-file': '',
  config: '/var/lib/kubelet/config.yaml',
  'config-dir': '',
};

function flagz(name: string, flags: Readonly<Record<string, unknown>>): RawDocument {
  return { form: 'kubelet-flagz', source: { node: name, via: 'kubelet-flagz' }, flags };
}

/** Counts how often it is asked. */
function flagzEvidence(answer: (name: string) => RawDocument) {
  const asked: string[] = [];
  const entry: KubeletEvidence = {
    name: 'kubelet-flagz',
    wanted: 'configz',
    refines: true,
    ask: ({ name }) => {
      asked.push(name);
      return Promise.resolve(answer(name));
    },
  };
  return { asked, entry };
}

function sweep(entries: readonly KubeletEvidence[]): Promise<SweepResult> {
  return run({ nodes: () => stream([[node('a')]]), evidence: entries });
}

function find({ findings }: SweepResult, control: string): Finding | undefined {
  return [...findings.all()].find((finding) => finding.control.slug === control);
}

/** The flags in the evidence of a finding. */
function flagsOf(finding: Finding | undefined): string[] {
  return (finding?.evidence ?? [])
    .filter(({ origin }) => origin.layer === 'flag')
    .map(({ setting, value }) => `${setting}=${value}`);
}

const without = evidence('configz', (name) => configz(name, undefined));
const none = flagzEvidence((name) => unanswered(name, 'kubelet-flagz', 'not-found')).entry;

describe('the flags of a kubelet', () => {
  test('are asked for only where its configz shows a fault', async () => {
    const { asked, entry } = flagzEvidence((name) => flagz(name, FLAGS));
    await sweep([evidence('configz', (name) => configz(name, '/ca.crt')), entry]);
    expect(asked).toEqual([]);
    await sweep([without, entry]);
    expect(asked).toEqual(['a']);
  });

  test('name the files that it reads', async () => {
    const flags = { ...FLAGS, 'config-dir': '/etc/kubernetes/kubelet/config.d' };
    const result = await sweep([without, flagzEvidence((name) => flagz(name, flags)).entry]);
    expect(flagsOf(find(result, CA))).toEqual([
      '--config=/var/lib/kubelet/config.yaml',
      '--config-dir=/etc/kubernetes/kubelet/config.d',
    ]);
    // what passes needs no correction
    expect(flagsOf(find(result, ANONYMOUS))).toEqual([]);
  });

  test('name the flag that decided, only in the finding about it', async () => {
    const open = evidence('configz', (name) => {
      const authentication = { x509: {}, anonymous: { enabled: false } };
      const value = { kubeletconfig: { authentication, authorization: { mode: 'AlwaysDeny' } } };
      return { form: 'configz', source: { node: name, via: 'configz' }, value };
    });
    const flags = { ...FLAGS, 'authorization-mode': 'AlwaysDeny' };
    const result = await sweep([open, flagzEvidence((name) => flagz(name, flags)).entry]);
    expect(flagsOf(find(result, CA))).toEqual(['--config=/var/lib/kubelet/config.yaml']);
    const mode = find(result, 'kubelet-authorization-mode');
    if (mode?.outcome.result !== 'pass') expect(flagsOf(mode)).toContain('--authorization-mode=AlwaysDeny');
  });

  test.each(['not-found', 'timeout', 'forbidden', 'malformed'] as const)(
    'change nothing where there are none: %s',
    async (code) => {
      const { entry } = flagzEvidence((name) => unanswered(name, 'kubelet-flagz', code));
      const [withIt, withoutIt] = await Promise.all([sweep([without, entry]), sweep([without])]);
      expect(resultLines(withIt)).toEqual(resultLines(withoutIt));
      expect(find(withIt, CA)).toEqual(find(withoutIt, CA));
    },
  );

  test.each([
    ['a number', { ...FLAGS, config: 1 }],
    ['nothing', {}],
    ['prototype keys', JSON.parse('{"__proto__":{"config":"/x"},"constructor":"x"}') as Record<string, unknown>],
  ])('of a hostile kubelet change nothing: %s', async (_what, flags) => {
    const result = await sweep([without, flagzEvidence((name) => flagz(name, flags)).entry]);
    expect(find(result, CA)).toMatchObject({ outcome: { result: 'fail' }, evidence: [] });
  });

  test('without configz prove only what a flag sets', async () => {
    const set = { ...FLAGS, 'client-ca-file': '/ca.crt' };
    expect(resultLines(await sweep([flagzEvidence((name) => flagz(name, set)).entry])).slice(-3)).toEqual([
      `${CA} of a: pass`,
      `${ANONYMOUS} of a: unknown`,
      'kubelet-authorization-mode of a: unknown',
    ]);
    expect(find(await sweep([flagzEvidence((name) => flagz(name, FLAGS)).entry]), CA)?.outcome).toMatchObject({
      result: 'unknown',
      problems: [{ message: expect.stringContaining('add configz to --evidence') }],
    });
  });

  test('that nobody shows are unknown if nothing else was asked', async () => {
    expect(find(await sweep([none]), CA)?.outcome.result).toBe('unknown');
    expect(
      find(await sweep([evidence('handshake', (name) => unanswered(name, 'handshake', 'tls')), none]), CA),
    ).toMatchObject({
      source: { via: 'handshake' },
    });
  });
});
