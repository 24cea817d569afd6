import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { GuardReport } from '../../src/outputs/guard-report.ts';
import { succeeded } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { forward } from './support/forwarder.ts';
import { addNetwork } from './support/network.ts';
import { addAccount, giveRights } from './support/rights.ts';
import { sweepConfiguration, sweepOnce } from './support/sweeper.ts';

jest.setTimeout(60_000);

const CLIENT_CERT = 'apiserver-kubelet-client-cert';

describeWith({ assets: ['etcd', 'kube-apiserver'], since: 36, tools: ['ip'], root: true }, '/flagz', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let shipped: string;
  let config: string;
  let address: string;

  beforeAll(async () => {
    const { host } = await addNetwork(cleanup);
    address = host;
    plane = await startControlPlane(cleanup, { addresses: [address] });
    shipped = await giveRights(plane, 'kubelet-guard-sweeper');
    config = plane.write('sweep.json', sweepConfiguration({ timeout: '15s' }));
  }, 90_000);
  afterAll(() => cleanup.run(), 60_000);

  function sweep(kubeconfig = shipped) {
    return sweepOnce({ kubeconfig, config, evidence: 'flagz' });
  }

  function apiServers(report: GuardReport) {
    return report.findings
      .filter(({ control }) => control === CLIENT_CERT)
      .map(({ subject, result, violations, problems }) => {
        const why = [...violations, ...problems].map(({ code }) => code);
        return [subject.name, result, ...why].join(' ');
      })
      .toSorted();
  }

  /** Points the Service `kubernetes` to these addresses for one sweep, as API servers do that are not on loopback. */
  async function sweepWith(endpoints: readonly (readonly [address: string, port: number])[]) {
    const slices = endpoints.map(([host, port], index) => endpointSlice(`slice-${index}`, host, port));
    for (const slice of slices) succeeded(await plane.admin.create(slice));
    try {
      return await sweep();
    } finally {
      for (const slice of slices) await plane.admin.delete(slice);
    }
  }

  test('shows every API server separately', async () => {
    const first = await forward(cleanup, address, () => plane.port);
    const { host } = await addNetwork(cleanup);
    const second = await plane.addApiServer(host, { without: ['--kubelet-client-key'] });

    const { report, code } = await sweepWith([
      [address, first],
      [host, second],
    ]);

    expect(apiServers(report)).toEqual([`${address}:${first} pass`, `${host}:${second} fail missing`].toSorted());
    expect(report.link?.result).toBe('fail');
    expect(code).toBe(1);
  });

  test('is not read from a server without an API server certificate, and no token is sent to it', async () => {
    const first = await forward(cleanup, address, () => plane.port);
    const seen: string[] = [];
    const { certificate, key } = plane.authority.issue({ name: 'system:node:evil', addresses: [address] });
    const server = createServer({ cert: certificate, key }, ({ headers }, response) => {
      seen.push(headers.authorization ?? '');
      response.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, address, resolve));
    cleanup.add(() => server.close());
    const { port } = server.address() as AddressInfo;

    const { report, code } = await sweepWith([
      [address, first],
      [address, port],
    ]);

    expect(apiServers(report)).toEqual([`${address}:${first} pass`, `${address}:${port} unknown tls`].toSorted());
    expect(report.link?.result).toBe('unknown');
    expect(code).toBe(3);
    expect(seen).toEqual([]);
  });

  test('is read from the configured server if no other is known', async () => {
    const { report } = await sweep();

    expect(apiServers(report)).toEqual([`127.0.0.1:${plane.port} pass`]);
  });

  test('is unknown without the right to read it, and the missing right is named', async () => {
    const rules = [{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }];

    const { report } = await sweep(await addAccount(plane, 'flagless', rules));

    expect(apiServers(report)).toEqual([`127.0.0.1:${plane.port} unknown forbidden`]);
    const finding = report.findings.find(({ control }) => control === CLIENT_CERT);
    expect(finding?.problems[0]?.message).toContain('/flagz');
  });
});

/** As the API server would list itself if it were not on loopback. */
function endpointSlice(name: string, address: string, port: number) {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  };
}
