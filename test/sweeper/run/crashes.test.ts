import { setImmediate } from 'node:timers/promises';

import { describe, expect, test } from '@jest/globals';

import { noHistory } from '../../../src/sweeper/reports/history.ts';
import type { SweepDeps, SweepOptions } from '../../../src/sweeper/run/deps.ts';
import type { RawDocument } from '../../../src/policy/document.ts';
import {
  apiServerPod,
  configz,
  evidence,
  hello,
  kubeletConfigMap,
  node,
  sweepOptions,
  run,
  SERVER,
  silent,
  stream,
} from './cluster.ts';

const AUDITED = '2026-11-23T11:55:00Z';

function crash(): never {
  throw new Error('poisoned');
}

/** The value, but a crash if it is about the node a. */
function unlessA<T>(name: string | undefined, value: T): T {
  return name === 'a' ? crash() : value;
}

function nodeOf(document: RawDocument): string | undefined {
  return 'source' in document && 'node' in document.source ? document.source.node : undefined;
}

interface Row {
  readonly ports?: Partial<SweepDeps>;
  readonly rules?: Partial<SweepOptions>;
  /** The result that the node a counts as. The default is unknown. */
  readonly a?: 'pass' | 'fail' | 'partly unknown';
}

const configzOf = (name: string): RawDocument => configz(name, '/ca.crt');

/** A finding that no control makes. Reading any of its fields throws. */
const poison = new Proxy({}, { get: crash, has: crash, ownKeys: crash });

const poisonedHello = Object.defineProperty(hello('a', undefined), 'authorities', { get: crash });

const poisonedPod: RawDocument = {
  form: 'object',
  source: { object: 'Pod kube-system/kube-apiserver-x' },
  vantage: 'running',
  value: Object.defineProperty({ apiVersion: 'v1', kind: 'Pod', metadata: {} }, 'spec', { get: crash }),
};

const AT_A_NODE: Readonly<Record<string, Row>> = {
  'its documents are checked': {
    ports: { evidence: [evidence('handshake', (name) => (name === 'a' ? poisonedHello : configzOf(name)))] },
  },
  'its findings are combined': {
    rules: {
      inspect: (document) =>
        nodeOf(document) === 'a' && document.form === 'configz'
          ? { findings: [poison as never], problems: [] }
          : sweepOptions.inspect(document),
    },
  },
  'the audit that its agent stored is read': {
    a: 'pass',
    ports: {
      loadAudit: ({ name }) => (name === 'a' ? Promise.reject(new Error('poisoned')) : Promise.resolve(undefined)),
      evidence: [
        {
          name: 'configz',
          wanted: 'configz',
          ask: async ({ name }) => {
            await setImmediate();
            return configzOf(name);
          },
        },
      ],
    },
  },
  'the audit that its agent stored is searched': {
    a: 'pass',
    ports: { loadAudit: ({ name }) => Promise.resolve(unlessA(name, { findings: [], at: AUDITED })) },
  },
  'the audit that its agent stored is used': {
    ports: {
      loadAudit: ({ name }) => Promise.resolve(name === 'a' ? { findings: [poison as never], at: AUDITED } : undefined),
    },
  },
  'its kubelet is asked': {
    ports: {
      evidence: [
        { name: 'configz', wanted: 'configz', ask: ({ name }) => Promise.resolve(unlessA(name, configzOf(name))) },
      ],
    },
  },
  'its kubelet is asked in one of two ways': {
    a: 'partly unknown',
    ports: {
      evidence: [
        evidence('handshake', (name) => hello(name, ['CN=ca'])),
        { name: 'configz', wanted: 'configz', ask: ({ name }) => Promise.resolve(unlessA(name, configzOf(name))) },
      ],
    },
  },
  'its findings are compared with the stored ones': {
    a: 'pass',
    ports: {
      history: {
        ...noHistory,
        previous: (about) => {
          unlessA(about.kind === 'node' ? about.name : undefined, undefined);
        },
      },
    },
  },
  'its report is made': {
    a: 'pass',
    ports: {
      history: {
        ...noHistory,
        save: (about) => Promise.resolve(unlessA(about.kind === 'node' ? about.name : undefined, [])),
      },
    },
  },
  'its report is stored': {
    a: 'pass',
    ports: {
      history: {
        ...noHistory,
        save: (about) =>
          about.kind === 'node' && about.name === 'a' ? Promise.reject(new Error('poisoned')) : Promise.resolve([]),
      },
    },
  },
  'its findings are logged': {
    a: 'pass',
    ports: {
      callbacks: {
        ...silent,
        onFinding: ({ subject }) => {
          unlessA(subject.name, undefined);
        },
      },
    },
  },
  'its exemptions are searched': {
    a: 'fail',
    ports: { evidence: [evidence('configz', (name) => configz(name, name === 'a' ? undefined : '/ca.crt'))] },
    rules: {
      exemptionFor: ({ subject }) => {
        unlessA(subject.name, undefined);
      },
    },
  },
};

const ELSEWHERE: Readonly<Record<string, Row>> = {
  'one of the pods is checked': {
    ports: { objects: () => stream([poisonedPod, kubeletConfigMap('/ca.crt')]) },
  },
  'a pod is read': {
    ports: {
      objects: () => stream([{ ...apiServerPod('kube-apiserver-x', undefined), value: poison } as RawDocument]),
    },
    rules: {
      inspect: (document) =>
        document.form === 'object' && document.value === poison
          ? sweepOptions.inspect(apiServerPod('kube-apiserver-x', undefined))
          : sweepOptions.inspect(document),
    },
  },
  'kube-apiservers are asked': { ports: { askApiServers: () => Promise.reject(new Error('poisoned')) } },
  'the calls to kube-apiservers begin': { ports: { askApiServers: crash } },
  'kube-apiservers are checked': {
    rules: {
      inspect: (document) =>
        nodeOf(document) === SERVER && document.form === 'flagz'
          ? { findings: [poison as never], problems: [] }
          : sweepOptions.inspect(document),
    },
  },
  'the version is read': { ports: { version: () => Promise.reject(new Error('poisoned')) } },
  'the stored reports are read': {
    ports: { history: { ...noHistory, load: () => Promise.reject(new Error('poisoned')) } },
  },
  'the report of the control plane is made': {
    ports: { history: { ...noHistory, save: (about) => Promise.resolve(about.kind === 'node' ? [] : crash()) } },
  },
  'stale reports are deleted': { ports: { history: { ...noHistory, deleteStale: crash } } },
};

const both = () => stream([[node('a'), node('b')]]);

describe('a crash makes a sweep incomplete and does not end it, if it happens while', () => {
  test.each(Object.entries(AT_A_NODE))('%s', async (when, row) => {
    const whole: boolean[] = [];
    const archive = row.ports?.history ?? noHistory;
    const { save } = archive;
    const result = await run(
      {
        nodes: both,
        ...row.ports,
        history: {
          ...archive,
          save: (about, findings, look, signal) => {
            if (about.kind === 'node' && about.name === 'a') whole.push(!look.isPartial);
            return save(about, findings, look, signal);
          },
        },
      },
      undefined,
      row.rules,
    );
    const { problems, nodes, link, findings } = result;
    expect(problems.map(({ problem }) => [problem.code, problem.message])).toEqual([
      ['crashed', expect.stringMatching(/\ba\b.*crashed: poisoned; please report it/) as unknown],
    ]);
    const counted = row.a === undefined || row.a === 'partly unknown' ? 'unknown' : row.a;
    const wanted = { pass: 1, fail: 0, unknown: 0, skipped: 0 };
    expect(nodes).toEqual({ ...wanted, [counted]: wanted[counted] + 1 });
    expect(link.kubelets.pass + link.kubelets.fail + link.kubelets.unknown).toBe(2);
    const of = (name: string) => [...findings.all()].filter(({ subject }) => subject.name === name);
    expect(of('b').map(({ outcome }) => outcome.result)).toEqual(['pass', 'pass', 'pass']);
    expect(of('a')).not.toEqual([]);
    if (row.a === undefined)
      expect(new Set(of('a').map(({ outcome }) => outcome.result))).toEqual(new Set(['unknown']));
    if (!when.startsWith('its report')) expect(whole).toEqual([false]);
  });

  test.each(Object.entries(ELSEWHERE))('%s', async (when, row) => {
    const whole: boolean[] = [];
    const archive = row.ports?.history ?? noHistory;
    const { problems, nodes, findings } = await run(
      {
        nodes: both,
        ...row.ports,
        history: {
          ...archive,
          save: (about, findings, look, signal) => {
            if (about.kind === 'control-plane') whole.push(!look.isPartial);
            return archive.save(about, findings, look, signal);
          },
        },
      },
      undefined,
      row.rules,
    );
    expect(problems.length).toBeGreaterThan(0);
    expect(new Set(problems.map(({ problem }) => problem.code))).toEqual(new Set(['crashed']));
    expect(nodes).toMatchObject({ pass: 2, unknown: 0 });
    if (!when.startsWith('the report') && when !== 'stale reports are deleted') expect(whole).toEqual([false]);
    // a kube-apiserver without evidence has findings too
    expect([...findings.all()].filter(({ subject }) => subject.component === 'kube-apiserver')).not.toEqual([]);
  });
});
