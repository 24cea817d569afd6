import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { GuardReport } from '../../src/outputs/guard-report.ts';
import { describeWith, testSince } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import {
  COMPLIANT,
  FLAGS_ONLY,
  TLS_1_3_ONLY,
  WITHOUT_CLIENT_CA,
  WITHOUT_DEBUGGING_HANDLERS,
  type KubeletSetup,
} from './support/kubelet-setups.ts';
import { NODE_NEEDS, startNode } from './support/node.ts';
import { runCli } from './support/product.ts';
import { addAccount, giveRights, may } from './support/rights.ts';
import { findingOf, sweepConfiguration, sweepOnce, verdict } from './support/sweeper.ts';

jest.setTimeout(60_000);

const CLIENT_CA = 'kubelet-client-ca';

const SETUPS = {
  compliant: COMPLIANT,
  'without-ca': WITHOUT_CLIENT_CA,
  'flags-only': FLAGS_ONLY,
  'tls-1-3-only': TLS_1_3_ONLY,
  'without-handlers': WITHOUT_DEBUGGING_HANDLERS,
  stopped: COMPLIANT,
  'cut-off': COMPLIANT,
} as const satisfies Record<string, KubeletSetup>;
type Name = keyof typeof SETUPS;
type Verdicts = Readonly<Record<Name, string>>;

describeWith(NODE_NEEDS, 'a sweep of real kubelets', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let shipped: string;
  let config: string;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    shipped = await giveRights(plane, 'kubelet-guard-sweeper');
    // each sweep waits so long for the node that is cut off; the others have as long on a machine that stalls
    config = plane.write('sweep.json', sweepConfiguration({ timeout: '6s' }));
    // these two first, one after the other: one host has a limit for what kubelets can watch
    await (await startNode(cleanup, plane, 'stopped', SETUPS.stopped)).stop();
    const unreachable = await startNode(cleanup, plane, 'cut-off', SETUPS['cut-off']);
    await unreachable.cutOff();
    await unreachable.stop();
    const names = ['compliant', 'without-ca', 'flags-only', 'tls-1-3-only', 'without-handlers'] as const;
    await Promise.all(names.map((name) => startNode(cleanup, plane, name, SETUPS[name])));
  }, 150_000);
  afterAll(() => cleanup.run(), 60_000);

  function sweep(evidence: string, kubeconfig = shipped) {
    return sweepOnce({ kubeconfig, config, evidence });
  }

  function verdicts(report: GuardReport): Verdicts {
    return Object.fromEntries(Object.keys(SETUPS).map((name) => [name, verdict(report, name)])) as Verdicts;
  }

  /** Which of the two codes appears depends on the caller. */
  const NO_CONNECTION = expect.stringMatching(/^(timeout|unreachable) /) as unknown as string;
  const BY_HELLO: Verdicts = {
    compliant: 'pass - -',
    'without-ca': 'fail - -',
    'flags-only': 'fail - -',
    'tls-1-3-only': 'tls-version - -',
    'without-handlers': 'pass - -',
    stopped: 'unreachable - -',
    'cut-off': NO_CONNECTION,
  };
  const BY_CONFIGZ: Verdicts = {
    compliant: 'pass pass pass',
    'without-ca': 'fail pass pass',
    'flags-only': 'fail fail fail',
    'tls-1-3-only': 'pass pass pass',
    'without-handlers': 'not-found not-found not-found',
    stopped: 'unreachable unreachable unreachable',
    'cut-off': NO_CONNECTION,
  };
  const BY_BOTH: Verdicts = { ...BY_CONFIGZ, 'without-handlers': 'pass not-found not-found' };

  /** The evidence, the kubelets that have it, and the results. */
  const ROWS = [
    ['handshake', 30, BY_HELLO],
    ['configz', 33, BY_CONFIGZ],
    ['handshake,configz', 33, BY_BOTH],
  ] as const;
  for (const [evidence, since, wanted] of ROWS)
    testSince(since)(`has the right result for every node by ${evidence}, with the shipped rights`, async () => {
      const { code, report } = await sweep(evidence);

      expect(verdicts(report)).toEqual(wanted);
      expect(code).toBe(1);
      // a kubelet that cannot be reached is a finding, and no problem of the sweep itself
      expect(report.run).toMatchObject({ entrance: 'sweep', complete: true, problems: [] });
      for (const finding of report.findings.filter(({ subject }) => subject.component === 'kubelet')) {
        expect(finding).toMatchObject({ vantage: 'live', subject: { kind: 'Node', node: finding.subject.name } });
        expect(finding.source).toMatchObject({ node: finding.subject.name });
      }
    });

  testSince(33)('names the evidence that decided, and the result of the other evidence', async () => {
    const { report } = await sweep('handshake,configz');

    const modern = findingOf(report, CLIENT_CA, 'tls-1-3-only');
    expect(modern?.source).toEqual({ node: 'tls-1-3-only', via: 'configz' });
    expect(modern?.otherEvidence).toMatchObject([
      { source: { via: 'handshake' }, result: 'unknown', agrees: true, problems: [{ code: 'tls-version' }] },
    ]);
    const silent = findingOf(report, CLIENT_CA, 'without-handlers');
    expect(silent?.source).toEqual({ node: 'without-handlers', via: 'handshake' });
    expect(silent?.evidence).toMatchObject([{ value: 'CN=e2e-ca' }]);
    expect(silent?.otherEvidence).toMatchObject([{ source: { via: 'configz' }, problems: [{ code: 'not-found' }] }]);
    const bare = findingOf(report, CLIENT_CA, 'without-ca');
    expect(bare?.violations).toMatchObject([{ code: 'missing' }]);
    expect(bare?.otherEvidence).toMatchObject([{ result: 'fail', agrees: true }]);
  });

  test('the account that calls kubelets can read their configuration, and nothing else', async () => {
    const accounts = (await plane.admin.get('/api/v1/namespaces/kubelet-guard/serviceaccounts')).body as {
      readonly items: readonly { readonly metadata: { readonly name: string } }[];
    };
    const names = accounts.items.map(({ metadata }) => metadata.name);
    const subresources = ['configz', 'proxy', 'pods', 'metrics', 'stats', 'log', 'healthz', 'checkpoint', 'spec'];
    const rights = new Map<string, string[]>();
    for (const name of names) {
      for (const subresource of subresources) {
        for (const verb of ['get', 'create']) {
          const wish = { verb, resource: 'nodes', subresource, name: 'compliant' };
          if (await may(plane.admin, name, wish))
            rights.set(name, [...(rights.get(name) ?? []), `${verb} ${subresource}`]);
        }
      }
    }

    // the sweeper has no such right itself: it gets tokens of an account that runs nothing
    expect(Object.fromEntries(rights)).toEqual({ 'kubelet-guard-configz': ['get configz'] });
    for (const resource of ['nodes', 'pods', 'secrets', 'configmaps']) {
      expect(await may(plane.admin, 'kubelet-guard-configz', { verb: 'list', resource })).toBe(false);
    }
  });

  test('the TLS handshake has the same results for an account without any right on kubelets', async () => {
    const kubeconfig = await addAccount(plane, 'hello', [{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }]);

    const { report, code } = await sweep('handshake', kubeconfig);

    expect(verdicts(report)).toEqual(BY_HELLO);
    expect(code).toBe(1);
    // it cannot list pods and ConfigMaps, and reports that
    expect(report.run.complete).toBe(false);
    expect(report.run.problems.map(({ message }) => message).join('\n')).toContain('cannot list pods in kube-system');
  });

  test('without the right to get a token, configz is unknown everywhere and the missing right is named', async () => {
    const kubeconfig = await addAccount(plane, 'tokenless', [
      { apiGroups: [''], resources: ['nodes', 'pods', 'configmaps'], verbs: ['get', 'list', 'watch'] },
    ]);

    const { report, code } = await sweep('configz', kubeconfig);

    const findings = Object.keys(SETUPS).map((name) => findingOf(report, CLIENT_CA, name));
    expect(findings.map((finding) => finding?.result)).toEqual(findings.map(() => 'unknown'));
    for (const finding of findings) expect(finding?.problems[0]?.message).toContain('serviceaccounts/token');
    expect(code).toBe(3);
  });

  test('a call through the API server proves that the connection is authenticated, and a rejected call proves that it is not', async () => {
    const rules = [
      { apiGroups: [''], resources: ['nodes', 'pods', 'configmaps'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: [''], resources: ['nodes/proxy'], verbs: ['get'] },
    ];
    const kubeconfig = await addAccount(plane, 'proxy', rules);

    const { report } = await sweep('handshake,configz-proxy', kubeconfig);

    expect(verdicts(report)).toEqual({
      ...BY_BOTH,
      // the kubelet rejects kube-apiserver, and its handshake shows why
      'without-ca': 'fail unauthorized unauthorized',
    });
    expect(report.link?.result).toBe('fail');
    expect(report.link?.kubelets).toEqual({ pass: 3, fail: 2, unknown: 2 });
    // one more kubelet answers, but it would answer anybody
    expect(report.link?.calls).toEqual({ answered: 2, refused: 1 });
    expect(report.link?.acceptedAuthorities).toEqual([{ name: 'CN=e2e-ca', kubelets: 2 }]);
  });

  test.each([
    ['text', 'text', ['--output', 'text']],
    ['with --fail-on never', 'never', ['--fail-on', 'never']],
  ])('%s: exit code and output', async (_name, kind, args) => {
    const { code, stdout } = await runCli(['sweep', '--kubeconfig', shipped, '--config', config, ...args]);

    expect(code).toBe(kind === 'never' ? 0 : 1);
    for (const name of Object.keys(SETUPS)) expect(stdout).toContain(name);
    expect(stdout).toContain(CLIENT_CA);
    expect(stdout).not.toContain('\u001b');
  });
});
