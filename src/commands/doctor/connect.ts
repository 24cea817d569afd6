// Connects the checks of `doctor` with a cluster.

import { controls } from '../../controls/index.ts';
import { examine, type DoctorSettings } from './doctor.ts';
import type { Check } from './report.ts';
import {
  dayOf,
  loadConfiguration,
  notesOn,
  readConfiguration,
  type GuardConfiguration,
} from '../../runtime/configuration/configuration.ts';
import { resolveSweep } from '../../runtime/configuration/sweep.ts';
import type { Cluster } from '../../kube/cluster.ts';
import { readOnlyApi } from '../../kube/read-only-api.ts';
import { bundleFacts, servingFacts } from '../../evidence/certificates/serving.ts';

/** What the user chose. */
export interface DoctorOptions {
  /** Where kubelet-guard runs; without it, the namespace in the ValidatingWebhookConfiguration. */
  readonly namespace: string | undefined;
  /** The path of the configuration that is in use; without it, the one in the cluster. */
  readonly config: string | undefined;
  readonly now: Date;
}

/**
 * Checks an installation.
 *
 * @throws StartError if the named configuration cannot be used
 */
export function diagnose(
  cluster: Cluster,
  { namespace, config, now }: DoctorOptions,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const settingsOf = (configuration: GuardConfiguration): DoctorSettings => ({
    policy: configuration.policy,
    namespaces: configuration.namespaces,
    reports: resolveSweep(configuration.settings.sweep?.value).reports,
    notes: notesOn(configuration, dayOf(now)).map(({ line, column, message }) => `${line}:${column}: ${message}`),
  });
  const named = config === undefined ? undefined : loadConfiguration(config, controls);
  const ports = {
    api: readOnlyApi(cluster.request),
    controls,
    server: cluster.server,
    context: cluster.context,
    namespace: namespace ?? cluster.namespace,
    configuration: config === undefined || !named ? undefined : { path: config, settings: settingsOf(named) },
    readSettings: (path: string, text: string) => settingsOf(readConfiguration({ path, text }, controls)),
    bundleFacts,
    servingFacts,
    decode: (base64: string) => Buffer.from(base64, 'base64').toString(),
    now,
  };
  return examine(ports, signal);
}
