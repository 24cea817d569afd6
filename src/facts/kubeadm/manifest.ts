// The kube-apiserver in the static pod that kubeadm writes, after the patches of --patches.

import { asArray, asRecord } from '../../json.ts';
import type { Subject } from '../../policy/subject.ts';
import type { Budget } from '../budget.ts';
import {
  subjectAt,
  unreadableConfiguredApiServer,
  withOrigins,
  type ConfigurationPlace,
} from '../inputs/configuration.ts';
import { treeOf, valueOf, writtenAt, type Tree } from '../patching/tree.ts';
import { podSubjects } from '../pod/pods.ts';
import { apiServerWords, certificatesDirectory, clusterConfigurationSettings } from './api-server.ts';
import { originIn, type KubeadmDocument, type KubeadmDocuments } from './documents.ts';
import { decodingFault } from './faults.ts';
import { mountsOf } from './mounts.ts';
import { applyPatches } from './patches.ts';
import { kubeadmVersion } from './versions.ts';

/** The kube-apiserver of a cluster's configuration after patches. */
export function patchedApiServer(
  { cluster, patches = [], minor }: KubeadmDocuments & { readonly cluster: KubeadmDocument },
  place: ConfigurationPlace,
  budget: Budget,
): Subject[] {
  const base = clusterConfigurationSettings(cluster.document, budget, minor);
  if (decodingFault(cluster.document)) {
    const subject: Subject = { ...subjectAt('kube-apiserver', place), component: 'kube-apiserver', ...base };
    return [withOrigins(subject, (origin) => originIn(cluster, origin))];
  }
  const patched = applyPatches('kube-apiserver', manifestOf(cluster, budget), patches, budget);
  if ('fault' in patched) return [unreadableConfiguredApiServer({ code: 'malformed', message: patched.fault }, place)];
  const { tree, doubts } = patched;
  const { metadata, spec } = asRecord(valueOf(tree));
  const { name, kind, source, vantage, surface } = place;
  const podPlace = { name, kind, source, vantage, surface, pointer: '/spec', endsByItself: false, doubts };
  const subjects = podSubjects(asRecord(spec), { ...podPlace, labels: asRecord(asRecord(metadata).labels) }, budget);
  return subjects.map((subject) => {
    const named = { ...subject, ...subjectAt(subject.component, place) };
    const placed = withOrigins(named, ({ layer, pointer = '' }) => {
      const written = writtenAt(tree, pointer);
      return written ? { ...written, layer } : { layer: 'kubeadm' };
    });
    if (placed.component === 'kubelet') return placed;
    // CA folders that only some hosts have are not in the manifest
    return { ...placed, view: (path) => (base.view(path) === 'not-shown' ? 'not-shown' : placed.view(path)) };
  });
}

function manifestOf(cluster: KubeadmDocument, budget: Budget): Tree {
  const configuration = asRecord(cluster.document.value);
  const version = kubeadmVersion(configuration);
  const mounts = version ? [...mountsOf(configuration, certificatesDirectory(configuration), version)] : [];
  const manifest = treeOf(
    {
      ...{ apiVersion: 'v1', kind: 'Pod' },
      metadata: {
        ...{ name: 'kube-apiserver', namespace: 'kube-system' },
        labels: { component: 'kube-apiserver', tier: 'control-plane' },
      },
      spec: {
        containers: [
          {
            ...{ name: 'kube-apiserver', image: 'registry.k8s.io/kube-apiserver', command: [] },
            env: asArray(asRecord(configuration.apiServer).extraEnvs),
            volumeMounts: mounts.map(([name, mountPath]) => ({ name, mountPath, readOnly: true })),
          },
        ],
        hostNetwork: true,
        volumes: mounts.map(([name, path]) => ({ name, hostPath: { path } })),
      },
    },
    undefined,
    budget,
  );
  const words = [{ text: 'kube-apiserver', pointer: undefined }, ...apiServerWords(configuration)];
  const command: Tree = {
    kind: 'list',
    items: words.map(({ text, pointer }) => ({
      kind: 'scalar',
      value: text,
      written: pointer === undefined ? undefined : () => originIn(cluster, { layer: 'flag', pointer }),
    })),
    written: undefined,
  };
  return withCommand(manifest, command);
}

/** The manifest with the command of its only container. */
function withCommand(tree: Tree, command: Tree): Tree {
  if (tree.kind === 'list') return { ...tree, items: tree.items.map((item) => withCommand(item, command)) };
  if (tree.kind === 'scalar') return tree;
  const entries = new Map(tree.entries);
  for (const name of ['spec', 'containers']) {
    const child = entries.get(name);
    if (child) entries.set(name, withCommand(child, command));
  }
  if (entries.has('command')) entries.set('command', command);
  return { ...tree, entries };
}
