// A k0s cluster: the arguments of kube-apiserver, and the kubelets by worker profile (k0s
// pkg/component/controller/apiserver.go, workerconfig/reconciler.go, pkg/component/worker/kubelet.go).

import { asRecord, asRecords, asStrings, asText, type UnknownRecord } from '../../../json.ts';
import type { Subject } from '../../../policy/subject.ts';
import type { Word } from '../../argv/words.ts';
import type { Budget } from '../../budget.ts';
import { launcherArguments } from '../../declared/arguments.ts';
import { declaredApiServer, declaredKubelet, notDeclared } from '../../declared/components.ts';
import { mergePatch } from '../../decoding/merge-patch.ts';
import { pointerOf } from '../../values/shape.ts';
import type { ConfigurationPlace } from '../configuration.ts';
import { k0sKubeletArguments } from './kubelet-arguments.ts';

const PKI = '/var/lib/k0s/pki';
const API_SERVER = {
  'kubelet-certificate-authority': `${PKI}/ca.crt`,
  'kubelet-client-certificate': `${PKI}/apiserver-kubelet-client.crt`,
  'kubelet-client-key': `${PKI}/apiserver-kubelet-client.key`,
};
const CONFIG = '/var/lib/k0s/kubelet-config.yaml';
/** The configuration of every profile, before the profile's own values. */
const PROFILE = {
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  authentication: { anonymous: { enabled: false }, webhook: { enabled: true } },
  authorization: { mode: 'Webhook' },
};
/** A worker sets the client CA file itself, after the profile. */
const BY_WORKER = { authentication: { x509: { clientCAFile: `${PKI}/ca.crt` } } };

/** Where the parts of a k0s cluster are. */
export interface K0sPlace extends ConfigurationPlace {
  /** The way to the ClusterConfig in the document. */
  readonly names: readonly string[];
  readonly minor: number | undefined;
}

/** The kube-apiserver of a ClusterConfig, and a kubelet for each worker profile, or the default one. */
export function k0sSubjects(config: UnknownRecord, place: K0sPlace, budget: Budget): Subject[] {
  const { names, minor } = place;
  const spec = asRecord(config.spec);
  const profiles = asRecords(spec.workerProfiles);
  const kubelets = profiles.map((profile, at) => {
    const key = Object.hasOwn(profile, 'values') ? 'values' : 'config';
    return k0sKubelet([], place, budget, {
      name: asText(profile.name) ?? String(at),
      values: asRecord(profile[key]),
      pointer: pointerOf([...names, 'spec', 'workerProfiles', String(at), key]),
    });
  });
  const apiServer = asRecord(spec.api);
  const extra = launcherArguments(API_SERVER, apiServer.extraArgs, [...names, 'spec', 'api', 'extraArgs'], {
    sorted: false,
  });
  const raw = asStrings(apiServer.rawArgs).map((text, at) => ({
    text,
    pointer: pointerOf([...names, 'spec', 'api', 'rawArgs', String(at)]),
  }));
  return [
    ...declaredApiServer(
      place,
      { words: [...extra.words, ...raw], doubts: extra.doubts, ...(minor !== undefined && { minor }) },
      budget,
    ),
    ...(kubelets.length === 0 ? k0sKubelet([], place, budget) : kubelets.flat()),
  ];
}

/** A worker profile. */
interface Profile {
  readonly name: string;
  readonly values: UnknownRecord;
  readonly pointer: string;
}

/**
 * The kubelet of a k0s worker.
 *
 * @param options the options of `k0s worker` or `k0s controller`
 */
export function k0sKubelet(options: readonly Word[], place: K0sPlace, budget: Budget, profile?: Profile): Subject[] {
  const values = mergePatch(mergePatch(PROFILE, profile?.values ?? {}, budget), BY_WORKER, budget);
  const { words, doubts } = k0sKubeletArguments(options);
  const name = profile === undefined ? place.name : `${place.name}/${profile.name}`;
  return declaredKubelet(
    { ...place, name },
    {
      words: [{ text: `--config=${CONFIG}` }, { text: '--kubeconfig=/var/lib/k0s/kubelet.conf' }, ...words],
      files: [{ path: CONFIG, content: { value: values }, pointer: profile?.pointer ?? '' }],
      missing: notDeclared,
      doubts,
      ...(place.minor !== undefined && { minor: place.minor }),
    },
    budget,
  );
}
