// The settings of the nodes' kubelets. The settings that any kubelet needs on this host are the same for each.

import { join } from 'node:path';
import { minorOf } from './assets.ts';

/** Settings that replace those of a good KubeletConfiguration. */
export type KubeletSettings = Readonly<Record<string, unknown>>;

/** The settings of the configuration file, or no configuration file. */
export type KubeletSetup = KubeletSettings | 'flags-only';

/** The paths in a kubelet's settings. */
export interface KubeletFiles {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  readonly dir: string;
  readonly manifests: string;
  readonly socket: string;
}

/** A client CA file, no anonymous requests, and authorization by the API server. */
export const COMPLIANT: KubeletSettings = {};

/** Requests no client certificate. */
export const WITHOUT_CLIENT_CA: KubeletSettings = { authentication: authenticationBy({}) };

/** No configuration file and no client CA file: anonymous requests may do everything. */
export const FLAGS_ONLY: KubeletSetup = 'flags-only';

/** Passes all controls, and does not support TLS 1.2. */
export const TLS_1_3_ONLY: KubeletSettings = { tlsMinVersion: 'VersionTLS13' };

/** Passes all controls, and does not serve /configz. */
export const WITHOUT_DEBUGGING_HANDLERS: KubeletSettings = { enableDebuggingHandlers: false };

/** The KubeletConfiguration of a setup. */
export function kubeletConfiguration(files: KubeletFiles, settings: KubeletSettings): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: authenticationBy({ clientCAFile: files.ca }),
    // short caches, because tests change the answers of the API server
    authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '1s', cacheUnauthorizedTTL: '1s' } },
    healthzPort: 0,
    staticPodPath: files.manifests,
    fileCheckFrequency: '1s',
    podLogsDir: join(files.dir, 'logs'),
    tlsCertFile: files.certificate,
    tlsPrivateKeyFile: files.key,
    containerRuntimeEndpoint: `unix://${files.socket}`,
    cgroupDriver: 'cgroupfs',
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    failSwapOn: false,
    ...(minorOf('kubelet') >= 31 && { failCgroupV1: false }),
    localStorageCapacityIsolation: false,
    ...settings,
  };
}

/** The same as flags, but the controlled settings have the defaults of a kubelet without a file. */
export function kubeletFlags(files: KubeletFiles): readonly string[] {
  return [
    '--healthz-port=0',
    '--read-only-port=0',
    `--pod-manifest-path=${files.manifests}`,
    `--tls-cert-file=${files.certificate}`,
    `--tls-private-key-file=${files.key}`,
    `--container-runtime-endpoint=unix://${files.socket}`,
    '--cgroup-driver=cgroupfs',
    '--cgroups-per-qos=false',
    '--enforce-node-allocatable=',
    '--fail-swap-on=false',
    ...(minorOf('kubelet') >= 31 ? ['--fail-cgroupv1=false'] : []),
    '--local-storage-capacity-isolation=false',
  ];
}

function authenticationBy(x509: object): object {
  return { anonymous: { enabled: false }, webhook: { enabled: true, cacheTTL: '1s' }, x509 };
}
