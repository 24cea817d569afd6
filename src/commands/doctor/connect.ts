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
import { readOnlyApi } from '../../kube/questions.ts';
import { bundleFacts, servingFacts } from '../../evidence/certificates/serving.ts';

/** What the doctor is told. */
export interface DoctorRequest {
  /** Where the product runs; what the registration says where it is not given. */
  readonly namespace: string | undefined;
  /** The path of the configuration in force. */
  readonly config: string | undefined;
  readonly now: Date;
}

/**
 * Looks at an installation.
 *
 * @throws StartError where the configuration that was named cannot be used
 */
export function diagnose(
  cluster: Cluster,
  { namespace, config, now }: DoctorRequest,
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
    questions: readOnlyApi(cluster.request),
    controls,
    server: cluster.server,
    namespace: namespace ?? cluster.namespace,
    configuration: config === undefined || !named ? undefined : { path: config, settings: settingsOf(named) },
    understand: (path: string, text: string) => settingsOf(readConfiguration({ path, text }, controls)),
    bundleFacts,
    servingFacts,
    decode: (base64: string) => Buffer.from(base64, 'base64').toString(),
    now,
  };
  return examine(ports, signal);
}
