import { describe, expect, test } from '@jest/globals';

import { controls } from '../../src/controls/index.ts';
import { ADMISSION_LIMITS, Budget, CHECK_LIMITS, Exhausted, thrownProblem } from '../../src/facts/budget.ts';
import { inspect } from '../../src/inspect.ts';
import type { RawDocument } from '../../src/policy/document.ts';
import { AMPLE } from '../support/budget.ts';

const SMALL = { characters: 100, steps: 10, nodes: 5, depth: 3, words: 4, milliseconds: 1 };
const still = () => 0;

describe('a budget', () => {
  test.each([
    [
      'characters',
      (budget: Budget) => {
        budget.characters(101);
      },
    ],
    [
      'steps',
      (budget: Budget) => {
        budget.steps(11);
      },
    ],
    [
      'nodes',
      (budget: Budget) => {
        budget.nodes(6);
      },
    ],
    [
      'words',
      (budget: Budget) => {
        budget.words(5);
      },
    ],
    ['depth', (budget: Budget) => nest(budget, 4)],
  ])('ends at its limit of %s, with a message', (limit, spend) => {
    expect(() => {
      spend(new Budget({ limits: SMALL, now: still }));
    }).toThrow(Exhausted);
    const problem = thrownBy(() => {
      spend(new Budget({ limits: SMALL, now: still }));
    });
    expect(problem.code).toBe('too-large');
    expect(problem.message).toMatch(
      /^too large to check: it has more than \d+ [\w ]+; make it smaller or simpler, then check it again$/,
    );
    expect(() => {
      spend(new Budget({ limits: { ...SMALL, [limit]: 1000, steps: 1000 }, now: still }));
    }).not.toThrow();
  });

  test('reads the clock now and then, but not for a document of few steps', () => {
    let readings = 0;
    const now = () => (readings += 1) * 100;
    const budget = new Budget({ limits: CHECK_LIMITS, now });
    budget.steps(2000);
    expect(readings).toBe(0);
    const short = new Budget({ limits: { ...CHECK_LIMITS, milliseconds: 250 }, now });
    expect(() => {
      for (let at = 0; at < 100_000; at += 1) short.steps();
    }).toThrow('too large to check: it has more than 250 milliseconds of work');
  });

  test('has the same depth afterwards as before, also after an exception', () => {
    const budget = new Budget({ limits: SMALL, now: still });
    for (let at = 0; at < 10; at += 1) {
      expect(() =>
        budget.deeper(() => {
          throw new Error('a bug');
        }),
      ).toThrow('a bug');
    }
    expect(nest(budget, 3)).toBe(0);
  });
});

function nest(budget: Budget, levels: number): number {
  return levels === 0 ? 0 : budget.deeper(() => nest(budget, levels - 1));
}

function thrownBy(run: () => unknown) {
  try {
    run();
  } catch (cause) {
    return thrownProblem(cause);
  }
  throw new Error('nothing was thrown');
}

test.each([
  ['a stack that is too small', () => overflow()],
  ['a text that is too long', () => 'a'.repeat(2 ** 29).repeat(2)],
  ['a list that is too long', () => Array.from<number>({ length: 2 ** 32 })],
  ['a number that is too long', () => 10n ** (10n ** 10n)],
])('%s is too large to check, not a crash with a message of the engine', (_what, run) => {
  const { code, message } = thrownBy(run);
  expect(code).toBe('too-large');
  expect(message).toBe(
    'too large to check: it is nested too deeply or becomes too long; make it smaller or simpler, then check it again',
  );
});

function overflow(): number {
  return 1 + overflow();
}

test('any other exception is a bug of kubelet-guard', () => {
  expect(thrownBy(() => JSON.parse('{'))).toMatchObject({ code: 'crashed' });
  expect(thrownBy(() => new Date(NaN).toISOString())).toStrictEqual({
    code: 'crashed',
    message: 'checking it crashed: Invalid time value; please report it',
  });
});

const NOTHING_TO_SPEND = {
  limits: { characters: 0, steps: 0, nodes: 0, depth: 0, words: 0, milliseconds: 0 },
  now: still,
};

function object(value: unknown): RawDocument {
  return { form: 'object', source: { object: 'X x/y' }, vantage: 'declared', value };
}

const container = { name: 'main', command: ['kube-apiserver', '--kubelet-client-key=/k'] };
const spec = { containers: [container] };
const apiServer = ['apiserver-kubelet-client-cert', 'apiserver-kubelet-ca'];
const kubelet = ['kubelet-client-ca', 'kubelet-anonymous-auth', 'kubelet-authorization-mode'];
const configMap = (name: string, key: string) => ({
  kind: 'ConfigMap',
  metadata: { name, namespace: 'kube-system' },
  data: { [key]: 'a: b' },
});

describe('a document that exceeds the budget is unknown', () => {
  test.each<[string, unknown, string[]]>([
    ['a pod', { kind: 'Pod', metadata: { name: 'p' }, spec }, [...apiServer, ...kubelet]],
    ['a Deployment', { kind: 'Deployment', spec: { template: { spec } } }, [...apiServer, ...kubelet]],
    ['a list', { kind: 'PodList', items: [{ spec }, { spec: {} }] }, [...apiServer, ...kubelet]],
    ['a review', { kind: 'AdmissionReview', request: { object: { kind: 'Pod', spec } } }, [...apiServer, ...kubelet]],
    ['kubelet-config', configMap('kubelet-config', 'kubelet'), kubelet],
    ['kubeadm-config', configMap('kubeadm-config', 'ClusterConfiguration'), apiServer],
    ['another ConfigMap', configMap('other', 'kubelet'), []],
  ])('%s', (_what, value, slugs) => {
    const { findings, problems } = inspect(controls, [object(value)], NOTHING_TO_SPEND);
    expect(findings.map(({ control }) => control.slug).sort()).toStrictEqual([...slugs].sort());
    expect(problems).toStrictEqual([]);
    for (const { outcome } of findings) {
      expect(outcome).toMatchObject({ result: 'unknown', problems: [{ code: 'too-large' }] });
    }
  });

  test('a text that exceeds the budget makes the run incomplete, because its kind is not known', () => {
    const document: RawDocument = { form: 'text', path: 'a.yaml', text: 'kind: Pod' };
    expect(inspect(controls, [document], NOTHING_TO_SPEND)).toMatchObject({
      findings: [],
      problems: [{ problem: { code: 'too-large' }, source: { path: 'a.yaml' } }],
    });
  });

  test('the next document has its own budget', () => {
    const limits = { ...ADMISSION_LIMITS, words: 5 };
    const good = { kind: 'Pod', spec };
    const large = { kind: 'Pod', spec: { containers: [{ command: Array.from({ length: 6 }, String) }] } };
    const { findings } = inspect(controls, [object(large), object(good)], { limits, now: still });
    const results = findings.map(({ control, outcome }) => `${control.slug} ${outcome.result}`);
    expect(results.slice(-apiServer.length)).toStrictEqual([
      'apiserver-kubelet-client-cert fail',
      'apiserver-kubelet-ca fail',
    ]);
  });
});

test('a bug affects only one document, and is a problem of the run', () => {
  const hostile = {
    kind: 'Pod',
    spec: {
      get containers(): unknown {
        throw new Error('a bug');
      },
    },
  };
  const { findings, problems } = inspect(controls, [object(hostile), object({ kind: 'Pod', spec })], AMPLE);
  expect(problems.map(({ problem }) => problem.code)).toStrictEqual(['crashed']);
  const results = findings.map(({ outcome }) => outcome.result);
  expect(results).toStrictEqual([...apiServer.map(() => 'unknown'), ...kubelet.map(() => 'unknown'), 'fail', 'fail']);
  const message = 'checking it crashed: a bug; please report it';
  expect(findings[0]?.outcome).toMatchObject({ problems: [{ code: 'crashed', message }] });
});
