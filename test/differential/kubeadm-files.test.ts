// Files of kubeadm's --config and --patches: what the real kubeadm writes of them, and what kubelet-guard says that it writes.

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';

import { recognise } from '../../src/facts/inputs/recognise.ts';
import type { KubeadmDocument } from '../../src/facts/kubeadm/documents.ts';
import { kubeadmSubjects } from '../../src/facts/kubeadm/subjects.ts';
import { parseEnvironmentFile } from '../../src/facts/systemd/environment-file.ts';
import { splitWords } from '../../src/facts/systemd/syntax.ts';
import { decodedDocument, parseStream } from '../../src/facts/yaml/documents.ts';
import type { UnknownRecord } from '../../src/json.ts';
import type { Reading } from '../../src/policy/reading.ts';
import type { ApiServer, Kubelet, Subject } from '../../src/policy/subject.ts';
import { asset, describeWith } from '../e2e/support/assets.ts';
import { ample } from '../support/budget.ts';
import { Oracle } from '../support/oracle.ts';
import { kubeadmFiles, type KubeadmFiles } from './generate/kubeadm-files.ts';
import { say, scale, seed } from './support/compare.ts';

jest.setTimeout(3_600_000);

const run = promisify(execFile);
const COUNT = 60;

describeWith({ assets: ['oracle', 'kubeadm'] }, 'files of kubeadm', () => {
  const oracle = new Oracle(asset('oracle'));
  const folder = mkdtempSync(join(tmpdir(), 'kubeadm-'));
  afterAll(async () => {
    await oracle.close();
    rmSync(folder, { recursive: true });
  });

  /** What kubeadm writes in a phase; undefined if it refuses. */
  async function written(
    phase: readonly string[],
    files: KubeadmFiles,
  ): Promise<ReadonlyMap<string, string> | undefined> {
    rmSync(folder, { recursive: true });
    for (const name of ['', 'patches', 'written']) mkdirSync(join(folder, name), { recursive: true });
    const init = { ...files.init, patches: { directory: join(folder, 'patches') } };
    const documents = [init, files.cluster, files.kubelet].filter((document) => document !== undefined);
    writeFileSync(join(folder, 'config.yaml'), documents.map((document) => JSON.stringify(document)).join('\n---\n'));
    for (const { name, text } of files.patches) writeFileSync(join(folder, 'patches', name), text);
    const args = ['init', 'phase', ...phase, '--config', join(folder, 'config.yaml'), '--dry-run'];
    try {
      await run(asset('kubeadm'), args, {
        env: { ...process.env, KUBEADM_INIT_DRYRUN_DIR: join(folder, 'written') },
      });
    } catch {
      return undefined;
    }
    const names = phase[0] === 'kubelet-start' ? ['config.yaml', 'kubeadm-flags.env'] : ['kube-apiserver.yaml'];
    return new Map(names.map((name) => [name, readFileSync(join(folder, 'written', name), 'utf8')]));
  }

  test('result in the kube-apiserver of the manifest that kubeadm writes', async () => {
    const found: string[] = [];
    let refused = 0;
    for (const files of fc.sample(kubeadmFiles, { numRuns: COUNT * scale, seed })) {
      const manifest = (await written(['control-plane', 'apiserver'], files))?.get('kube-apiserver.yaml');
      if (manifest === undefined) refused += 1;
      else {
        const [own, real] = [declared(files, 'kube-apiserver'), inManifest(manifest)].map(ofApiServer);
        if (own !== real && own !== 'uncertain') found.push(`${own} instead of ${real}: ${JSON.stringify(files)}`);
      }
    }
    say(
      `kube-apiservers: ${COUNT * scale - refused} compared, ${refused} refused by kubeadm; DIFFERENTIAL_SEED=${seed}`,
    );
    expect(found).toEqual([]);
    expect(refused).toBeLessThan(COUNT * scale * 0.8);
  });

  test('result in the kubelet of the files that kubeadm writes', async () => {
    const found: string[] = [];
    let refused = 0;
    for (const files of fc.sample(kubeadmFiles, { numRuns: COUNT * scale, seed: seed + 1 })) {
      const texts = await written(['kubelet-start'], files);
      if (texts === undefined) {
        refused += 1;
        continue;
      }
      const flags = parseEnvironmentFile(texts.get('kubeadm-flags.env') ?? '').values.get('KUBELET_KUBEADM_ARGS') ?? '';
      const { words } = splitWords(flags, 'value');
      const query = {
        component: 'kubelet',
        args: ['--config=$DIR/config.yaml', ...words],
        files: { 'config.yaml': texts.get('config.yaml') ?? '' },
      } as const;
      const [answer] = await oracle.ask([query]);
      const real =
        answer?.parses === true
          ? JSON.stringify([answer.clientCAFile ?? '', answer.anonymousEnabled, answer.authorizationMode])
          : 'does not start';
      const own = ofKubelet(declared(files, 'kubelet'));
      if (own !== real && own !== 'uncertain') found.push(`${own} instead of ${real}: ${JSON.stringify(files)}`);
    }
    say(`kubelets: ${COUNT * scale - refused} compared, ${refused} refused by kubeadm; DIFFERENTIAL_SEED=${seed}`);
    expect(found).toEqual([]);
  });
});

function documentOf(value: UnknownRecord | undefined): KubeadmDocument | undefined {
  return value && { document: decodedDocument(value), pointer: '' };
}

function declared(files: KubeadmFiles, component: Subject['name']['component']): Subject | undefined {
  const [cluster, node, kubelet] = [files.cluster, files.init, files.kubelet].map(documentOf);
  const patches = files.patches.map(({ name, text }) => ({ path: name, content: { text }, pointer: '' }));
  const place = {
    name: 'kubeadm',
    kind: 'kubeadm',
    source: { object: 'x' },
    vantage: 'declared',
    surface: 'kubeadm-config',
  } as const;
  const documents = { ...(cluster && { cluster }), ...(node && { node }), ...(kubelet && { kubelet }), patches };
  return kubeadmSubjects(documents, place, ample()).find((subject) => subject.component === component);
}

function inManifest(text: string): Subject | undefined {
  const [document] = parseStream(text, ample());
  if (document === undefined || 'problem' in document) return undefined;
  const context = {
    budget: ample(),
    source: { path: 'kube-apiserver.yaml', document: 0 },
    vantage: 'declared',
  } as const;
  return recognise(document, context).subjects.find(({ component }) => component === 'kube-apiserver');
}

function ofApiServer(subject: Subject | undefined): string {
  if (subject === undefined) return 'none';
  const { kubeletClientCertificate, kubeletClientKey, kubeletCertificateAuthority, view } = subject as ApiServer;
  if (subject.refusal) return 'does not start';
  if (subject.doubts.length > 0) return 'uncertain';
  const readings = [kubeletClientCertificate, kubeletClientKey, kubeletCertificateAuthority];
  const shown = readings.map((reading) => {
    const value = shownValue(reading);
    const seen = reading.state === 'set' && reading.value !== '' ? view(reading.value) : undefined;
    // kubeadm mounts some folders only where the host has them
    return [value, seen === 'not-shown' ? undefined : seen];
  });
  return JSON.stringify(shown);
}

function ofKubelet(subject: Subject | undefined): string {
  if (subject === undefined) return 'none';
  const { clientCAFile, anonymousAuth, authorizationMode } = subject as Kubelet;
  if (subject.refusal) return 'does not start';
  const readings = [clientCAFile, anonymousAuth, authorizationMode];
  if (subject.doubts.length > 0 || readings.some((reading) => reading?.state === 'unreadable')) return 'uncertain';
  return JSON.stringify(readings.map((reading) => shownValue(reading)));
}

function shownValue(reading: Reading<unknown> | undefined): unknown {
  if (reading?.state !== 'set') return '';
  return typeof reading.value === 'string' ? reading.value.replace('/var/lib/kubelet/', '$DIR/') : reading.value;
}
