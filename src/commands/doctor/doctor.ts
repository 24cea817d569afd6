// Runs all checks of `doctor`: reads what each of them needs, and calls the functions in checks/

import { asArray, asRecord, stringOrEmpty } from '../../json.ts';
import type { PemFacts } from '../../policy/certificates.ts';
import type { Control } from '../../policy/control.ts';
import type { Check } from './report.ts';
import { REPORT_RESOURCES, type ReportApi } from '../../outputs/cluster/objects.ts';
import type { Answer, ReadOnlyApi } from '../../kube/read-only-api.ts';
import type { ServingFacts } from '../../evidence/certificates/serving.ts';
import { checkCanary, chooseCanary, silentCanary, type CanaryRules } from './checks/canary.ts';
import { checkCertificate } from './checks/certificate.ts';
import { checkCluster, checkInstalled } from './checks/installed.ts';
import { checkEndpoints, checkPods } from './checks/pods.ts';
import { checkSweeps } from './checks/sweeps.ts';
import { listed, readInstallation, type Installation } from './installation.ts';
import { hasDeployment, hasSweeper, silencedBy } from './silence.ts';
import { checkPlatform } from './checks/platform.ts';
import { checkPolicies, policyPaths } from './checks/policies.ts';
import {
  checkWebhookConfiguration,
  readWebhookConfiguration,
  type InstalledWebhook,
} from './checks/webhook-configuration.ts';
import { checkRights, accessChecks, type AccessCheck } from './checks/rights.ts';
import { checkConfiguration, checkReports, type ServedApis } from './checks/settings.ts';
import { NAMES } from './shipped.ts';
import { checkOtherWebhooks } from './checks/other-webhooks.ts';

/** What the checks need of the configuration. */
export interface DoctorSettings extends CanaryRules {
  readonly reports: 'auto' | ReportApi | 'none';
  /** Notes for its author, such as expired exemptions. */
  readonly notes: readonly string[];
}

/** What the checks work with. */
export interface DoctorDeps {
  readonly api: ReadOnlyApi;
  readonly controls: readonly Control[];
  /** The address of the API server. */
  readonly server: string;
  /** The context of the kubeconfig; undefined in a pod. */
  readonly context: string | undefined;
  /** Where kubelet-guard runs, if that is known without the ValidatingWebhookConfiguration. */
  readonly namespace: string | undefined;
  /** The named configuration; without it, the one in the cluster is read. */
  readonly configuration: { readonly path: string; readonly settings: DoctorSettings } | undefined;
  /** Reads a configuration. @throws Error if it is not valid */
  readonly readSettings: (name: string, text: string) => DoctorSettings;
  readonly bundleFacts: (text: string) => PemFacts;
  readonly servingFacts: (certificate: string, bundle: string, host: string) => ServingFacts;
  readonly decode: (base64: string) => string;
  readonly now: Date;
}

const REGISTRATIONS = '/apis/admissionregistration.k8s.io/v1';
const AT_ONCE = 8;

/**
 * Runs all checks. A check is unknown if what it needs cannot be read. Without an answer, or without kubelet-guard in the
 * cluster, there is nothing more to check. Never rejects.
 */
export async function examine(deps: DoctorDeps, signal: AbortSignal): Promise<readonly Check[]> {
  const { api, server, context } = deps;
  const version = mapped(await api.read('/version', signal), (body) => stringOrEmpty(body?.gitVersion));
  const cluster = checkCluster(context, server, version);
  // everybody may read the version: without an answer to that, each further request would only take as long
  if ('unknown' in version) return [cluster];
  const path = `${REGISTRATIONS}/validatingwebhookconfigurations/${NAMES.registration}`;
  const registered = mapped(await api.read(path, signal), (object) => object && readWebhookConfiguration(object));
  const found = 'known' in registered ? registered.known : undefined;
  const home = deps.namespace ?? found?.service?.namespace ?? NAMES.namespace;
  const installation = await readInstallation(api, home, found?.service, signal);
  const installed = checkInstalled(installation, registered);
  if (installed.result === 'problem') return [cluster, installed];
  const isElsewhere = found !== undefined && found.service === undefined && !hasDeployment(installation);
  const runs = isElsewhere ? [] : [checkPods(installation), checkEndpoints(installation, found)];
  const rest = await examineWebhook(deps, { version, registered, installation, runs, home }, signal);
  return [cluster, installed, ...runs, ...rest];
}

interface Seen {
  readonly version: Answer<string>;
  readonly registered: Answer<InstalledWebhook | undefined>;
  readonly installation: Installation;
  /** The checks of what runs. */
  readonly runs: readonly Check[];
  readonly home: string;
}

async function examineWebhook(
  deps: DoctorDeps,
  { version, registered, installation, runs, home }: Seen,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const { api, controls, server, now } = deps;
  const found = 'known' in registered ? registered.known : undefined;
  const configuration = await configurationOf(deps, home, signal);
  const settings = 'known' in configuration ? configuration.known.settings : undefined;
  const served = await servedApis(api, signal);
  const canary = chooseCanary(settings, controls, now.toISOString().slice(0, 10));
  const registration = checkWebhookConfiguration(registered, settings?.namespaces);
  const certificate = checkCertificate(await readCertificate(deps, registered, home, signal), now);
  const cause = silencedBy(registered, runs, installation, certificate);
  const isReady = runs.length > 0 && runs.every(({ result }) => result === 'ok');
  const scope = {
    home,
    namespaces: settings?.namespaces ?? new Set(['kube-system']),
    keepsCertificates: found?.injectedFrom === undefined,
    reportGroups: groupsOf(served),
  };
  return [
    registration,
    checkPlatform(registered, version, server),
    certificate,
    canary === undefined
      ? silentCanary()
      : checkCanary(canary, await api.dryRun(CONFIG_MAPS, canary, signal), controls, { cause, isReady }),
    checkRights(await checkAccess(api, accessChecks(scope), signal)),
    checkPolicies(await readPolicies(api, signal), home),
    ...(hasSweeper(installation) ? [checkSweeps(installation, now)] : []),
    checkReports(served, settings?.reports ?? 'auto'),
    checkOtherWebhooks({
      mutating: await listed(api, `${REGISTRATIONS}/mutatingwebhookconfigurations`, signal),
      validating: await listed(api, `${REGISTRATIONS}/validatingwebhookconfigurations`, signal),
      labels: mapped(await api.read('/api/v1/namespaces/kube-system', signal), (body) =>
        asRecord(asRecord(body?.metadata).labels),
      ),
    }),
    checkConfiguration(mapped(configuration, ({ from, settings: { notes } }) => ({ from, notes }))),
  ];
}

const CONFIG_MAPS = '/api/v1/namespaces/kube-system/configmaps';

async function configurationOf(
  { configuration, api, readSettings }: DoctorDeps,
  home: string,
  signal: AbortSignal,
): Promise<Answer<{ readonly settings: DoctorSettings; readonly from: string }>> {
  if (configuration !== undefined) {
    return { known: { settings: configuration.settings, from: configuration.path } };
  }
  const from = `ConfigMap ${home}/${NAMES.configMap}`;
  const asked = await api.read(`/api/v1/namespaces/${encodeURIComponent(home)}/configmaps/${NAMES.configMap}`, signal);
  if ('unknown' in asked) return asked;
  const text = asRecord(asked.known?.data)[NAMES.configKey];
  if (typeof text !== 'string') return { unknown: `${from} with ${NAMES.configKey} does not exist` };
  try {
    return { known: { settings: readSettings(from, text), from } };
  } catch (cause) {
    return { unknown: `the configuration in the cluster cannot be used: ${(cause as Error).message}` };
  }
}

async function servedApis(questions: ReadOnlyApi, signal: AbortSignal): Promise<ServedApis> {
  const served = new Map<ReportApi, Answer<boolean>>();
  for (const api of ['wgpolicyk8s', 'openreports'] as const) {
    const { apiVersion, plural } = REPORT_RESOURCES[api];
    const asked = await questions.read(`/apis/${apiVersion}`, signal);
    served.set(
      api,
      mapped(asked, (body) => asArray(body?.resources).some((resource) => asRecord(resource).name === plural)),
    );
  }
  return served;
}

/** The API groups that are served; undefined if that is unknown for one of them. */
function groupsOf(served: ServedApis): ReadonlySet<string> | undefined {
  const groups = new Set<string>();
  for (const [api, asked] of served) {
    if ('unknown' in asked) return undefined;
    if (asked.known) groups.add(REPORT_RESOURCES[api].apiVersion.replace(/\/.*/, ''));
  }
  return groups;
}

async function readCertificate(
  { api, decode, bundleFacts, servingFacts }: DoctorDeps,
  registered: Answer<InstalledWebhook | undefined>,
  home: string,
  signal: AbortSignal,
) {
  const installed = 'known' in registered ? registered.known : undefined;
  const bundle = installed && decode(installed.caBundles[0] ?? '');
  const service = installed?.service ?? { namespace: home, name: NAMES.service };
  const host = `${service.name}.${service.namespace}.svc`;
  const secret = installed?.injectedFrom ?? `${home}/${NAMES.secret}`;
  const [namespace = '', name = ''] = secret.split('/').map(encodeURIComponent);
  // the annotation names the Certificate of cert-manager; in the manifests its Secret has the same name
  const asked = await api.read(`/api/v1/namespaces/${namespace}/secrets/${name}`, signal);
  const serving = mapped(asked, (object) => {
    const certificate = decode(stringOrEmpty(asRecord(object?.data)['tls.crt']));
    return certificate === '' ? undefined : servingFacts(certificate, bundle ?? '', host);
  });
  return { registered, bundle: bundle === undefined ? undefined : bundleFacts(bundle), secret, serving, host };
}

async function checkAccess(questions: ReadOnlyApi, wanted: readonly AccessCheck[], signal: AbortSignal) {
  const answers: { readonly question: AccessCheck; readonly may: Answer<boolean> }[] = [];
  for (let at = 0; at < wanted.length; at += AT_ONCE) {
    const some = wanted.slice(at, at + AT_ONCE);
    const someAnswers = await Promise.all(
      some.map(async (question) => ({
        question,
        may: await questions.isAllowed(question.account, question.right, signal),
      })),
    );
    answers.push(...someAnswers);
    // without the right to create these reviews, no further one is answered
    if (someAnswers.every(({ may }) => 'unknown' in may)) break;
  }
  return answers;
}

function readPolicies(questions: ReadOnlyApi, signal: AbortSignal) {
  return Promise.all(
    policyPaths.map(async ({ shipped, policy, binding }) => ({
      shipped,
      policy: await questions.read(`${REGISTRATIONS}/${policy}`, signal),
      binding: await questions.read(`${REGISTRATIONS}/${binding}`, signal),
    })),
  );
}

function mapped<T, U>(asked: Answer<T>, of: (known: T) => U): Answer<U> {
  return 'known' in asked ? { known: of(asked.known) } : asked;
}
