// The overlays of the manifests, applied with kubectl until everything is available, and what an installation then does.

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';

import { succeeded, type KubeObject } from '../e2e/support/api.ts';
import { Cleanup } from '../e2e/support/cleanup.ts';
import { serveApisOfOthers } from '../e2e/support/installation.ts';
import { Authority } from '../e2e/support/pki.ts';
import { kubeletConfigMap } from '../e2e/support/samples.ts';
import { eventually } from '../e2e/support/wait.ts';
import {
  apply,
  doctorFindsNothing,
  figure,
  install,
  leaderOf,
  logOf,
  overlayFolder,
  productIn,
  quiet,
  remove,
  rolledOut,
  seconds,
} from './support/installation.ts';
import { expectAsBefore, inventory } from './support/inventory.ts';
import { adminOf } from './support/reviews.ts';
import { describeInCluster } from './support/shared.ts';

jest.setTimeout(600_000);

const WEBHOOK = ['Deployment kubelet-guard', 'Deployment kubelet-guard-sweeper'];
const AGENT = 'DaemonSet kubelet-guard-node-agent';
const NAME = 'kubelet-guard.kubelet-guard.svc';

describeInCluster('an installation with kustomize', (cluster) => {
  const cleanup = new Cleanup();
  const admin = () => adminOf(cluster);
  let before: readonly string[];

  beforeAll(async () => {
    before = await inventory(cluster);
    figure(`overlay audit: available after ${String(await seconds(() => install(cluster, cleanup, 'audit')))} s`);
  }, 400_000);
  afterAll(() => cleanup.run(), 600_000);

  /** Sends the API server a kubelet-config without a client CA. */
  const replaceBadly = () => {
    const bad = JSON.stringify(kubeletConfigMap(undefined));
    return cluster.kubectl(['replace', '--dry-run=server', '--filename', '-'], { input: bad });
  };
  const replaceUntil = (what: string, expected: RegExp) =>
    eventually(
      what,
      async () => {
        const { code, stderr } = await replaceBadly();
        return expected.test(stderr) ? { code, stderr } : undefined;
      },
      { within: 90_000 },
    );
  /** Waits until the replicas of the overlay before have ended, whose arguments were others. */
  const onlyReplicas = (what: string, isOne: (args: string) => boolean) =>
    eventually(
      what,
      async () => {
        const args = '--output=jsonpath={range .items[*]}{.spec.containers[*].args}{"\\n"}{end}';
        const pods = ['get', 'pods', '--selector=app.kubernetes.io/component=webhook', args];
        const text = quiet(await cluster.kubectl(['--namespace', 'kubelet-guard', ...pods]), 'kubectl get pods');
        return text.trim().split('\n').every(isOne) ? true : undefined;
      },
      { within: 90_000 },
    );

  test('audit warns of a kubelet-config without a client CA, through the Service', async () => {
    const { code, stderr } = await replaceUntil('a warning', /Warning: .*kubelet-client-ca/);
    expect(code).toBe(0);
    expect(stderr).toContain('authentication.x509.clientCAFile');
  });

  test('doctor finds no problem', async () => {
    expect(await doctorFindsNothing(cluster)).toMatch(/\n\d+ ok, 0 problems, 0 unknown\n$/);
  });

  test('a sweep from outside names the node, and so does the log of the replica that sweeps', async () => {
    const { stdout } = await productIn(cluster, ['sweep', '--output=json', '--fail-on=never']);
    expect(passing(stdout)).toContain(`kubelet-client-ca ${cluster.node} handshake`);
    expect(passing(stdout)).toContain(`apiserver-kubelet-client-cert kube-apiserver-${cluster.node} flagz`);
    const { leader, report } = await eventually(
      'the first report',
      async () => {
        const leader = await leaderOf(cluster);
        const path = `/api/v1/namespaces/kubelet-guard/pods/${leader}:8080/proxy/api/v1/report`;
        const answer = await cluster.kubectl(['get', '--raw', path]);
        return answer.code === 0 ? { leader, report: answer.stdout } : undefined;
      },
      { within: 90_000 },
    );
    expect(passing(report)).toContain(`kubelet-client-ca ${cluster.node} handshake`);
    expect(JSON.parse(report)).toMatchObject({ run: { complete: true } });
    await eventually('the log of the leader to say so', async () =>
      (await logOf(cluster, leader)).some(({ msg }) => msg === 'a sweep is complete') ? true : undefined,
    );
  });

  test('node-agent adds a DaemonSet whose pods read the node', async () => {
    await apply(cluster, 'node-agent');
    cleanup.add(() => remove(cluster, 'node-agent'));
    expect(await rolledOut(cluster)).toEqual([AGENT, ...WEBHOOK]);
    const at = ['--namespace', 'kubelet-guard-node', 'get', 'configmap', cluster.node];
    await eventually('the audit of the node', async () => ((await cluster.kubectl(at)).code === 0 ? true : undefined), {
      within: 90_000,
    });
    const { stdout } = await productIn(cluster, ['sweep', '--output=json', '--fail-on=never']);
    const { findings } = JSON.parse(stdout) as Report;
    const seen = findings.find(
      ({ control, subject }) => control === 'kubelet-client-ca' && subject.name === cluster.node,
    );
    expect(seen?.otherEvidence).toContainEqual(
      expect.objectContaining({ source: { node: cluster.node, via: 'proc' }, vantage: 'on-node', result: 'pass' }),
    );
  });

  test('ratchet denies the same write', async () => {
    await apply(cluster, 'ratchet');
    expect(await rolledOut(cluster)).toEqual(expect.arrayContaining(WEBHOOK));
    await reload();
    const { code, stderr } = await replaceUntil('a denial', /denied the request: .*kubelet-client-ca/s);
    expect(code).toBe(1);
    expect(stderr).toContain('CIS Kubernetes Benchmark 4.2.3');
  });

  test.each(['enforce', 'aks', 'declared-clusters'])('%s becomes available', async (overlay) => {
    await apply(cluster, overlay);
    expect(await rolledOut(cluster)).toEqual(expect.arrayContaining(WEBHOOK));
  });

  test('openshift needs the namespace of its API servers, and then becomes available; nothing here needs its SCC', async () => {
    const folder = overlayFolder('openshift');
    const { code, stderr } = await cluster.kubectl(['apply', '--kustomize', folder], { within: 120_000 });
    expect(code).toBe(1);
    expect(stderr).toContain('namespaces "openshift-kube-apiserver" not found');

    await cluster.kubectl(['create', 'namespace', 'openshift-kube-apiserver']);
    cleanup.add(() => cluster.kubectl(['delete', 'namespace', 'openshift-kube-apiserver'], { within: 180_000 }));
    cleanup.add(() => remove(cluster, 'openshift'));
    await apply(cluster, 'openshift');
    expect(await rolledOut(cluster)).toEqual(expect.arrayContaining(WEBHOOK));
  });

  describe('with certificates from elsewhere', () => {
    const authority = new Authority('real-ca');
    const client = authority.issue({ name: 'kube-apiserver' });
    const serving = authority.issue({ name: NAME, hosts: [NAME] });

    test('client-certificates answers clients with a certificate, and no others', async () => {
      const flags = ['--namespace', 'kubelet-guard', `--from-literal=ca.crt=${authority.certificate}`];
      await cluster.kubectl(['create', 'configmap', 'kubelet-guard-clients', ...flags]);
      await apply(cluster, 'client-certificates');
      expect(await rolledOut(cluster)).toEqual(expect.arrayContaining(WEBHOOK));

      const ask = async (...identity: readonly string[]) => {
        const service = [
          '--namespace',
          'kubelet-guard',
          'get',
          'service',
          'kubelet-guard',
          '--output=jsonpath={.spec.clusterIP}',
        ];
        const address = quiet(await cluster.kubectl(service), 'kubectl get service');
        const options = [
          '--silent',
          '--show-error',
          '--insecure',
          '--output',
          '/dev/null',
          '--write-out',
          '%{http_code}',
        ];
        return cluster.enter(['curl', ...options, ...identity, `https://${address}/validate`]);
      };
      for (const [name, text] of [
        ['certificate', client.certificate],
        ['key', client.key],
      ] as const) {
        await cluster.enter(['tee', `/run/kubelet-guard-${name}`], { input: text });
      }
      cleanup.add(() => cluster.enter(['rm', '/run/kubelet-guard-certificate', '/run/kubelet-guard-key']));
      // the others answer everybody; and the Service may still lead to one that has just ended
      await onlyReplicas('only replicas that ask for a certificate', (args) => args.includes('--client-ca-file='));
      await eventually(
        'an answer to a client with a certificate',
        async () => {
          const answered = await ask('--cert', '/run/kubelet-guard-certificate', '--key', '/run/kubelet-guard-key');
          expect(answered).toMatchObject({ code: 0, stdout: '405' });
          return true;
        },
        { within: 60_000 },
      );
      expect((await ask()).code).not.toBe(0);
      // the API server of this cluster presents none
      await eventually(
        'doctor to see that the API server gets no answer',
        async () => {
          const { code, stdout } = await productIn(cluster, ['doctor']);
          return code === 1 && stdout.includes('PROBLEM  canary') ? true : undefined;
        },
        { within: 60_000 },
      );
    });

    test('cert-manager becomes available with the Secret and the caBundle that cert-manager would write', async () => {
      const refused = await cluster.kubectl(['apply', '--kustomize', overlayFolder('cert-manager')], {
        within: 120_000,
      });
      expect(refused.stderr).toContain('no matches for kind "Certificate" in version "cert-manager.io/v1"');
      await serveApisOfOthers(admin());
      cleanup.add(() => cluster.kubectl(['delete', 'customresourcedefinitions', '--all'], { within: 120_000 }));
      cleanup.add(() => remove(cluster, 'cert-manager'));
      const secret = {
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'kubernetes.io/tls',
        metadata: { name: 'kubelet-guard-serving', namespace: 'kubelet-guard' },
        stringData: { 'tls.crt': serving.certificate, 'tls.key': serving.key, 'ca.crt': authority.certificate },
      };
      await cluster.kubectl(['create', '--filename', '-'], { input: JSON.stringify(secret) });
      // a new kind is served before discovery names it
      await eventually(
        'kubectl to know Certificates',
        async () =>
          (await cluster.kubectl(['get', 'certificates.cert-manager.io', '-A'])).code === 0 ? true : undefined,
        { within: 60_000 },
      );
      await apply(cluster, 'cert-manager');
      expect(await rolledOut(cluster)).toEqual(expect.arrayContaining(WEBHOOK));
      // replicas of the overlay before keep their own caBundle until they have ended
      await onlyReplicas('only replicas that leave the caBundle alone', (args) => !args.includes('--tls-secret='));
      await injectBundle(authority.certificate);
      await replaceUntil('the API server to call the webhook', /kubelet-client-ca/);
    });
  });

  test('leaves nothing when it is deleted', async () => {
    figure(`all overlays: deleted after ${String(await seconds(() => cleanup.run()))} s`);
    await expectAsBefore(cluster, before);
  });

  /** Does what cert-manager's cainjector does. */
  async function injectBundle(ca: string): Promise<void> {
    const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/kubelet-guard';
    const now = succeeded(await admin().get(path)).body as KubeObject & {
      readonly webhooks: readonly { readonly clientConfig: object }[];
    };
    const caBundle = Buffer.from(ca).toString('base64');
    const webhooks = now.webhooks.map((each) => ({ ...each, clientConfig: { ...each.clientConfig, caBundle } }));
    succeeded(await admin().send('PUT', path, { ...now, webhooks }));
  }

  /** Restarts the webhook, which otherwise sees a changed ConfigMap only at the kubelet's next sync. */
  async function reload(): Promise<void> {
    await cluster.kubectl(['--namespace', 'kubelet-guard', 'rollout', 'restart', 'deployment/kubelet-guard']);
    await rolledOut(cluster);
  }
});

interface Report {
  readonly findings: readonly {
    readonly control: string;
    readonly result: string;
    readonly subject: { readonly name: string };
    readonly source: { readonly via?: string };
    readonly otherEvidence?: readonly object[];
  }[];
}

/** The passing findings of a JSON report: control, name and evidence. */
function passing(report: string): readonly string[] {
  const { findings } = JSON.parse(report) as Report;
  return findings
    .filter(({ result }) => result === 'pass')
    .map(({ control, subject, source }) => `${control} ${subject.name} ${source.via ?? ''}`);
}
