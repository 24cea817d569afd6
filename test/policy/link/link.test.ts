import { describe, expect, test } from '@jest/globals';

import { CLIENT_CA_CONTROL, linkOfNode, CLIENT_CERTIFICATE_CONTROL, countLink } from '../../../src/policy/link/link.ts';
import type { ControlMetadata } from '../../../src/policy/control.ts';
import type { Finding, OtherEvidence } from '../../../src/policy/finding.ts';
import type { Outcome } from '../../../src/policy/outcome.ts';
import type { Vantage } from '../../../src/policy/reading.ts';

const OUTCOMES: Readonly<Record<Outcome['result'], Outcome>> = {
  pass: { result: 'pass', warnings: [] },
  fail: { result: 'fail', violations: [{ code: 'missing', setting: 's', message: 'm' }], problems: [], warnings: [] },
  unknown: { result: 'unknown', problems: [{ code: 'timeout', message: 'm' }], warnings: [] },
};

function finding(
  slug: string,
  name: string,
  result: Outcome['result'],
  names: readonly string[] = [],
  vantage: Vantage = 'live',
): Finding {
  const component = slug === CLIENT_CERTIFICATE_CONTROL ? 'kube-apiserver' : 'kubelet';
  return {
    control: { slug, component } as unknown as ControlMetadata,
    subject: { component, name },
    source: { node: name, via: slug === CLIENT_CERTIFICATE_CONTROL ? 'flagz' : 'handshake' },
    vantage,
    surface: 'process',
    outcome: OUTCOMES[result],
    evidence: names.map((value) => ({ setting: 'client CAs', value, origin: { layer: 'live' } })),
  };
}

const server = (result: Outcome['result'], vantage: Vantage = 'live') =>
  finding(CLIENT_CERTIFICATE_CONTROL, 'api', result, [], vantage);
const kubelet = (result: Outcome['result'], names?: readonly string[]) =>
  finding(CLIENT_CA_CONTROL, 'n', result, names);

describe('the connection of a cluster', () => {
  test.each([
    [['pass'], ['pass', 'pass'], 'pass'],
    [['pass', 'fail'], ['pass'], 'fail'],
    [['pass'], ['pass', 'fail', 'unknown'], 'fail'],
    [['pass'], ['pass', 'unknown'], 'unknown'],
    [['unknown'], ['pass'], 'unknown'],
    [[], ['pass'], 'unknown'],
    [['pass'], [], 'pass'],
  ] as const)('with kube-apiservers %j and kubelets %j is %s', (servers, kubelets, result) => {
    const tally = countLink(() => false);
    for (const one of kubelets) tally.addNode([kubelet(one)]);
    tally.addApiServers(servers.map((one) => server(one)));
    const link = tally.result();
    expect(link.result).toBe(result);
    for (const kind of ['pass', 'fail', 'unknown'] as const) {
      expect(link.kubelets[kind]).toBe(kubelets.filter((one) => one === kind).length);
    }
  });

  test.each([
    [['pass', 'exempt'], ['pass', 'exempt'], 'pass'],
    [['pass', 'exempt'], ['unknown', 'exempt'], 'unknown'],
    [['pass'], ['fail', 'exempt'], 'fail'],
    [['exempt'], ['pass'], 'unknown'],
    [['pass'], ['exempt', 'exempt'], 'unknown'],
  ] as const)(
    'with kube-apiservers %j and kubelets %j is %s: exempt ends count as such',
    (servers, kubelets, result) => {
      const exempt = new Set<Finding>();
      const make = (kind: (typeof servers)[number] | (typeof kubelets)[number], of: typeof server | typeof kubelet) => {
        const found = of(kind === 'exempt' ? 'fail' : kind);
        if (kind === 'exempt') exempt.add(found);
        return found;
      };
      const tally = countLink((found) => exempt.has(found));
      // a rejected call of an exempt kubelet breaks nothing that counts
      for (const kind of kubelets) tally.addNode([make(kind, kubelet)], kind === 'exempt' ? 'refused' : 'answered');
      tally.addApiServers(servers.map((kind) => make(kind, server)));
      const link = tally.result();
      expect(link.result).toBe(result);
      const exempted = kubelets.filter((kind) => kind === 'exempt').length;
      expect(link.kubelets.exempted).toBe(exempted === 0 ? undefined : exempted);
      expect(link.kubelets.fail).toBe(kubelets.filter((kind) => kind === 'fail').length);
      expect(link.apiServers.map((end) => end.exempted === true)).toEqual(servers.map((kind) => kind === 'exempt'));
    },
  );

  test('fails if a kubelet rejected a call of kube-apiserver, whatever both settings are', () => {
    const tally = countLink(() => false);
    tally.addApiServers([server('pass')]);
    tally.addNode([kubelet('pass')], 'refused');
    expect(tally.result()).toMatchObject({ result: 'fail', calls: { answered: 0, refused: 1 } });
  });

  test('does not depend on kube-apiservers that a provider runs', () => {
    const tally = countLink(() => false);
    tally.addNode([kubelet('pass')]);
    const link = tally.result('EKS runs it');
    expect(link).toMatchObject({ result: 'pass', apiServers: [], apiServersNotApplicable: 'EKS runs it' });
    expect(linkOfNode(link, kubelet('fail'))).toBe('fail');
    expect(linkOfNode(link, kubelet('pass'))).toBe('pass');
  });

  test('of one node is as good as the worse of its two ends, and fails after a rejected call', () => {
    const tally = countLink(() => false);
    tally.addApiServers([server('pass')]);
    const link = tally.result();
    expect(linkOfNode(link, kubelet('pass'))).toBe('pass');
    expect(linkOfNode(link, kubelet('unknown'))).toBe('unknown');
    expect(linkOfNode({ ...link, apiServers: [{ name: 'a', result: 'fail' }] }, kubelet('pass'))).toBe('fail');
    const refusal: OtherEvidence = {
      source: { node: 'n', via: 'configz-proxy' },
      vantage: 'live',
      result: 'unknown',
      agrees: true,
      evidence: [],
      problems: [{ code: 'unauthorized', message: 'refused' }],
    };
    expect(linkOfNode(link, { ...kubelet('pass'), others: [refusal] })).toBe('fail');
  });

  test('does not count a kube-apiserver that is only declared in a file', () => {
    const tally = countLink(() => false);
    tally.addApiServers([server('pass', 'declared')]);
    expect(tally.result()).toMatchObject({ result: 'unknown', apiServers: [] });
  });

  test('counts the kubelets that name each CA in their TLS handshake, and bounds the number of names', () => {
    const tally = countLink(() => false);
    tally.addNode([kubelet('pass', ['CN=a', 'CN=b'])]);
    tally.addNode([kubelet('pass', ['CN=a', 'CN=a'])]);
    tally.addNode([
      kubelet(
        'pass',
        Array.from({ length: 500 }, (_, index) => `CN=${index}`),
      ),
    ]);
    const { acceptedAuthorities } = tally.result();
    expect(acceptedAuthorities.slice(0, 2)).toEqual([
      { name: 'CN=a', kubelets: 2 },
      { name: 'CN=b', kubelets: 1 },
    ]);
    expect(acceptedAuthorities).toHaveLength(100);
  });

  test('counts a node without a finding for its kubelet as unknown', () => {
    const tally = countLink(() => false);
    tally.addNode([]);
    expect(tally.result().kubelets).toEqual({ pass: 0, fail: 0, unknown: 1 });
  });
});
