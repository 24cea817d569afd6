// Talos machine configurations and patches of them: the arguments of the kubelet and of kube-apiserver (talos
// internal/app/machined/pkg/controllers/k8s/kubelet_spec.go, control_plane_static_pod.go, pkg/argsbuilder).

import { asRecord, asText, isRecord, type UnknownRecord } from '../../../json.ts';
import type { Subject } from '../../../policy/subject.ts';
import { minorOf } from '../../argv/flags.ts';
import type { Budget } from '../../budget.ts';
import { launcherArguments } from '../../declared/arguments.ts';
import { declaredApiServer, declaredKubelet, notDeclared } from '../../declared/components.ts';
import { mergePatch } from '../../decoding/merge-patch.ts';
import { pointerOf } from '../../values/shape.ts';
import {
  inDocument,
  unreadableConfiguredApiServer,
  unreadableConfiguredKubelet,
  type ConfigurationPlace,
} from '../configuration.ts';
import type { FoundObject, Input } from '../input.ts';

const CONFIG = '/etc/kubernetes/kubelet.yaml';
const SECRETS = '/system/secrets/kubernetes/kube-apiserver';
/** Arguments that only Talos sets. With one of them in `extraArgs`, it does not start the component. */
const KUBELET = {
  'bootstrap-kubeconfig': '/etc/kubernetes/bootstrap-kubeconfig',
  'cert-dir': '/var/lib/kubelet/pki',
  config: CONFIG,
  kubeconfig: '/etc/kubernetes/kubeconfig-kubelet',
};
const API_SERVER = {
  'kubelet-client-certificate': `${SECRETS}/apiserver-kubelet-client.crt`,
  'kubelet-client-key': `${SECRETS}/apiserver-kubelet-client.key`,
};
/** Talos sets these after `extraConfig`. */
const BY_TALOS = {
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  authentication: {
    anonymous: { enabled: false },
    webhook: { enabled: true },
    x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' },
  },
  authorization: { mode: 'Webhook' },
};

/** A machine configuration, or a patch of one. */
export const talosMachineConfig: Input = {
  name: 'Talos machine configuration',
  platform: 'talos',
  surfaces: ['declared-cluster'],
  matches: isTalosConfig,
  read: (found) =>
    talosSubjects(found.object, talosPlace(found), found.budget).map((subject) => inDocument(subject, found.pointer)),
  unreadable: (found, problem) => [
    unreadableConfiguredKubelet(problem, talosPlace(found)),
    unreadableConfiguredApiServer(problem, talosPlace(found)),
  ],
};

/** Whether an object is a machine configuration, or a patch of the parts that hold arguments. */
export function isTalosConfig({ apiVersion, kind, version, machine, cluster }: UnknownRecord): boolean {
  if (apiVersion !== undefined || kind !== undefined) return false;
  if (version === 'v1alpha1') return isRecord(machine) || isRecord(cluster);
  return isRecord(asRecord(machine).kubelet) || isRecord(asRecord(cluster).apiServer);
}

/** The components that a machine configuration gives arguments to. */
export function talosSubjects(config: UnknownRecord, place: ConfigurationPlace, budget: Budget): Subject[] {
  const machine = asRecord(config.machine);
  const { apiServer } = asRecord(config.cluster);
  const isControlPlane = ['controlplane', 'init'].includes(asText(machine.type) ?? '');
  return [
    ...(isRecord(config.machine) ? talosKubelet(asRecord(machine.kubelet), place, budget) : []),
    ...(isRecord(apiServer) || isControlPlane ? talosApiServer(asRecord(apiServer), place, budget) : []),
  ];
}

function talosKubelet(kubelet: UnknownRecord, place: ConfigurationPlace, budget: Budget): Subject[] {
  const names = ['machine', 'kubelet'];
  const { words } = launcherArguments(KUBELET, kubelet.extraArgs, [...names, 'extraArgs'], { sorted: true });
  const value = mergePatch(asRecord(kubelet.extraConfig), BY_TALOS, budget);
  const subjects = declaredKubelet(
    place,
    {
      words,
      files: [{ path: CONFIG, content: { value }, pointer: pointerOf([...names, 'extraConfig']) }],
      missing: notDeclared,
      ...versionOf(kubelet),
    },
    budget,
  );
  return subjects.map((subject) => withDenied(subject, KUBELET, kubelet.extraArgs, [...names, 'extraArgs']));
}

function talosApiServer(apiServer: UnknownRecord, place: ConfigurationPlace, budget: Budget): Subject[] {
  const names = ['cluster', 'apiServer', 'extraArgs'];
  const { words } = launcherArguments(API_SERVER, apiServer.extraArgs, names, { sorted: true });
  return declaredApiServer(place, { words, ...versionOf(apiServer) }, budget).map((subject) =>
    withDenied(subject, API_SERVER, apiServer.extraArgs, names),
  );
}

/** The version in the tag of the component's image. */
function versionOf({ image }: UnknownRecord): { readonly minor?: number } {
  const minor = minorOf(/:([^:/@]+)(?:@|$)/.exec(asText(image) ?? '')?.[1] ?? '');
  return minor === undefined ? {} : { minor };
}

/** The spelling with dashes is denied. One with `_` is not, and comes later. */
function withDenied(subject: Subject, own: object, extra: unknown, names: readonly string[]): Subject {
  const denied = Object.keys(asRecord(extra)).find((name) => Object.hasOwn(own, name));
  if (denied === undefined) return subject;
  const reason = `Talos does not start it, because the extra argument ${denied} is not allowed`;
  const origin = { layer: 'flag', pointer: pointerOf([...names, denied]) } as const;
  return { ...subject, refusal: { reason, setting: `--${denied}`, origin } };
}

/** Where the subjects of a machine configuration are. */
export function talosPlace({ object, source, vantage }: FoundObject): ConfigurationPlace {
  const name = asText(asRecord(object.cluster).clusterName) ?? asText(object.clusterName) ?? 'Talos';
  return { name, kind: 'Talos machine configuration', source, vantage, surface: 'declared-cluster' };
}
