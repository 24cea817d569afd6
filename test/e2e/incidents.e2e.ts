// The procedures of the documentation, word for word, with the shipped rights.

import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { renew } from '../../src/runtime/certificates/rotation.ts';
import { ROTATION } from '../../src/runtime/certificates/secret.ts';
import { commandsUnder } from '../support/docs.ts';
import { folderOf, missingTools, renderOverlay, type Manifest } from '../support/manifests.ts';
import { succeeded } from './support/api.ts';
import { describeWith, kubectlPath } from './support/assets.ts';
import { registeredBundle, servedBy } from './support/certificates.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { apply, hostAddress, leadTo } from './support/installation.ts';
import { productCommand } from './support/product.ts';
import { run, type Result } from './support/programs.ts';
import { runReplica, startReplica, type Replica } from './support/replica.ts';
import { kubeconfigFor, NAMESPACE, untilGranted } from './support/rights.ts';
import { kubeletConfigMap } from './support/samples.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(300_000);

const SECRET = `/api/v1/namespaces/${NAMESPACE}/secrets/kubelet-guard-tls`;
const DEPLOYMENTS = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;
/** Much longer than the webhook takes to read the Secret twice. */
const SOON = { within: 90_000 };
const DAY = 24 * 60 * 60 * 1000;

const tools = missingTools('kubectl') === undefined ? [] : ['kubectl'];

describeWith({ assets: ['etcd', 'kube-apiserver'], tools }, 'an incident', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let objects: readonly Manifest[];
  let kubeconfig: string;
  let replicas: readonly Replica[];

  beforeAll(async () => {
    // the API server connects to the endpoints of the Service, because nothing here routes the addresses of Services
    plane = await startControlPlane(cleanup, { flags: ['--enable-aggregator-routing=true'] });
    objects = renderOverlay('enforce');
    await apply(plane, objects);
    await untilGranted(plane.admin, objects);
    kubeconfig = await kubeconfigFor(plane, 'kubelet-guard');
    replicas = [await start(), await start()];
    await leadTo(plane.admin, replicas[0]?.port ?? 0);
    await isChecked();
  }, 240_000);
  afterAll(() => cleanup.run(), 60_000);

  function start(): Promise<Replica> {
    return startReplica(cleanup, plane, objects, kubeconfig);
  }

  /** Runs the commands of a page as an administrator. */
  async function follow(text: string): Promise<Result> {
    const functions = [
      `kubectl() { '${kubectlPath ?? ''}' --kubeconfig '${plane.kubeconfig}' "$@"; }`,
      `kubelet-guard() { ${productCommand()
        .map((word) => `'${word}'`)
        .join(' ')} "$@" --kubeconfig '${plane.kubeconfig}'; }`,
    ];
    return run(['bash', '-c', [...functions, text].join('\n')], { within: 90_000 });
  }

  async function write(): Promise<number> {
    return (await plane.admin.create(kubeletConfigMap(undefined), '?dryRun=All')).status;
  }

  const context = () => replicas.map(({ program }) => program.tail()).join('\n');
  const statusBecomes = (wanted: number) =>
    eventually(
      `a bad write to be answered ${String(wanted)}`,
      async () => ((await write()) === wanted ? true : undefined),
      { ...SOON, context },
    );
  const isChecked = () => statusBecomes(403);

  /** Waits until the caBundle has exactly one CA, and none of these. */
  function newBundle(...old: readonly string[]): Promise<string> {
    return eventually(
      'only a new CA in the caBundle',
      async () => {
        const bundle = await registeredBundle(plane.admin);
        if (bundle === undefined || old.some((ca) => bundle.includes(ca.trim()))) return undefined;
        return bundle.match(/BEGIN CERTIFICATE/g)?.length === 1 ? bundle : undefined;
      },
      { ...SOON, context },
    );
  }

  async function bundleNow(): Promise<string> {
    const bundle = await registeredBundle(plane.admin);
    if (bundle === undefined) throw new Error('there is no caBundle');
    return bundle;
  }

  /** Waits until all replicas serve a certificate of this CA. */
  function areServing(ca: string): Promise<true> {
    return eventually(
      'all replicas to serve the new certificate',
      async () => {
        for (const { port } of replicas) await servedBy(port, ca, hostAddress());
        return true as const;
      },
      { ...SOON, context },
    );
  }

  test('with a stolen key ends with a new CA, and the old CA is no longer trusted', async () => {
    const stolen = await bundleNow();
    const [empty = ''] = commandsUnder('certificates.md', 'A key was stolen');

    expect(await follow(empty)).toMatchObject({ code: 0, stderr: '' });

    const ca = await newBundle(stolen);
    await areServing(ca);
    await isChecked();
    // the manifests can be applied again without a warning
    await apply(plane, objects);
    expect(await bundleNow()).toBe(ca);
    expect(succeeded(await plane.admin.get(SECRET)).body).toMatchObject({ type: 'Opaque' });
  });

  test.each(['the manifests are applied again', 'it is created again'])(
    'with a deleted Secret is logged, and ends when %s',
    async (way) => {
      const before = await bundleNow();
      expect(await follow(`kubectl --namespace ${NAMESPACE} delete secret kubelet-guard-tls`)).toMatchObject({
        code: 0,
      });
      const advice = 'may not create it: apply the manifests again';
      await eventually(
        'every replica to log what to do',
        () => Promise.resolve(replicas.every(({ program }) => program.log().includes(advice)) ? true : undefined),
        { ...SOON, context },
      );
      // running replicas keep serving; a new one logs the same and exits
      await isChecked();
      const started = await runReplica(cleanup, plane, objects, kubeconfig);
      expect(await started.program.ended).toEqual({ code: 2, signal: null });
      expect(started.program.log()).toContain(advice);

      const [, create = ''] = commandsUnder('certificates.md', 'A key was stolen');
      if (way === 'it is created again') expect(await follow(create)).toMatchObject({ code: 0, stderr: '' });
      else await apply(plane, objects);

      await areServing(await newBundle(before));
      await isChecked();
      const again = await follow(`kubectl apply -k ${folderOf('enforce')}`);
      expect(again.code).toBe(0);
    },
  );

  test('with a Secret of another type, which an earlier version created, ends with a new CA', async () => {
    const before = await bundleNow();
    const { data } = succeeded(await plane.admin.get(SECRET)).body as { readonly data: object };
    const metadata = { name: 'kubelet-guard-tls' };
    succeeded(await plane.admin.send('DELETE', SECRET));
    succeeded(
      await plane.admin.send('POST', SECRET.replace(/\/[^/]*$/, ''), { metadata, type: 'kubernetes.io/tls', data }),
    );
    const failed = await follow(`kubectl apply -k ${folderOf('enforce')}`);
    expect(failed).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('type: Invalid value: "Opaque": field is immutable'),
    });

    const commands = commandsUnder('certificates.md', '`kubectl apply` stops at the type of the Secret').join('\n');
    const applied = await follow(commands.replace('-k .', `-k ${folderOf('enforce')}`));

    expect(applied.code).toBe(0);
    await areServing(await newBundle(before));
    await isChecked();
    expect(succeeded(await plane.admin.get(SECRET)).body).toMatchObject({ type: 'Opaque' });
  });

  test('with an expired certificate and CA ends by itself at the next start', async () => {
    const before = await bundleNow();
    for (const { program } of replicas) {
      program.kill('SIGTERM');
      await program.ended;
    }
    const names = [`kubelet-guard.${NAMESPACE}.svc`] as const;
    const now = new Date(Date.now() - 500 * DAY);
    const old = await renew({}, { now, lifetimes: ROTATION, names, isKnown: () => true });
    const { body } = succeeded(await plane.admin.get(SECRET));
    const data = Object.fromEntries(
      Object.entries(old).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
    );
    succeeded(await plane.admin.send('PUT', SECRET, { ...(body as object), data }));
    expect(new X509Certificate(old['tls.crt']).validToDate.getTime()).toBeLessThan(Date.now());

    replicas = [await start()];
    await leadTo(plane.admin, replicas[0]?.port ?? 0);

    await areServing(await newBundle(before, old['ca.crt']));
    await isChecked();
  });

  test('in which the webhook blocks writes ends with one command, and another command turns it on again', async () => {
    const [off = ''] = commandsUnder('install.md', 'Turn the webhook off');
    expect(await follow(off)).toMatchObject({ code: 0, stderr: '' });
    await statusBecomes(201);

    await apply(plane, objects);
    await isChecked();
  });

  test('is avoided: the uninstall commands of the documentation succeed and can be repeated', async () => {
    const commands = commandsUnder('uninstall.md', 'Uninstall')
      .flatMap((text) => text.split('\n'))
      .filter((line) => /^(?:\$ )?kube(?:ctl|let-guard) /.test(line))
      .map((line) => line.replace('$ ', '').replace('manifests/overlays/audit', folderOf('enforce')))
      // no controller here deletes namespaces
      .map((line) => (line.startsWith('kubectl delete') ? `${line} --wait=false` : line));
    expect(commands).toHaveLength(2);
    const collector = setInterval(() => void collect(), 200);
    try {
      for (const command of [...commands, ...commands]) {
        const { code, stderr } = await follow(command);
        expect({ command, code, stderr }).toEqual({ command, code: 0, stderr: '' });
      }
    } finally {
      clearInterval(collector);
    }
    await statusBecomes(201);
  });

  /** Does what the garbage collector would do, which does not run here. */
  async function collect(): Promise<void> {
    const path = `${DEPLOYMENTS}/kubelet-guard-sweeper`;
    const { status, body } = await plane.admin.get(path);
    const { metadata } = body as { metadata: { deletionTimestamp?: string; finalizers?: unknown } };
    if (status !== 200 || metadata.deletionTimestamp === undefined) return;
    await plane.admin.send('PUT', path, { ...(body as object), metadata: { ...metadata, finalizers: [] } });
  }
});
