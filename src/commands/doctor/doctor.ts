import { asArray, asRecord, stringOrEmpty } from '../../json.ts';
import type { PemFacts } from '../../policy/certificates.ts';
import type { Control } from '../../policy/control.ts';
import { CHECKS, type Check } from './report.ts';
import { REPORT_RESOURCES, type ReportApi } from '../../outputs/cluster/objects.ts';
import type { Answer, ReadOnlyApi } from '../../kube/questions.ts';
import type { ServingFacts } from '../../evidence/certificates/serving.ts';
import { checkCanary, chooseCanary, silentCanary, type CanaryRules } from './checks/canary.ts';
import { checkCertificate } from './checks/certificate.ts';
import { checkPlatform } from './checks/platform.ts';
import { checkPolicies, policyPlaces } from './checks/policies.ts';
import { checkRegistration, readRegistration, type Registered } from './checks/webhook-configuration.ts';
import { checkRights, rightQuestions, type RightQuestion } from './checks/rights.ts';
import { checkConfiguration, checkReports, type ServedApis } from './checks/settings.ts';
import { NAMES } from './shipped.ts';
import { checkOtherWebhooks } from './checks/other-webhooks.ts';

/** A configuration, as far as the doctor needs it. */
export interface DoctorSettings extends CanaryRules {
  readonly reports: 'auto' | ReportApi | 'none';
  /** What its author has to know of it. */
  readonly notes: readonly string[];
}

/** What the doctor needs. */
export interface DoctorPorts {
  readonly questions: ReadOnlyApi;
  readonly controls: readonly Control[];
  /** The address of the API server. */
  readonly server: string;
  /** Where the product runs, where that is known before the registration says it. */
  readonly namespace: string | undefined;
  /** The configuration that was named; the one in the cluster is read where none was. */
  readonly configuration: { readonly path: string; readonly settings: DoctorSettings } | undefined;
  /** @throws Error where it is no valid configuration */
  readonly understand: (name: string, text: string) => DoctorSettings;
  readonly bundleFacts: (text: string) => PemFacts;
  readonly servingFacts: (certificate: string, bundle: string, host: string) => ServingFacts;
  readonly decode: (base64: string) => string;
  readonly now: Date;
}

const REGISTRATIONS = '/apis/admissionregistration.k8s.io/v1';
const AT_ONCE = 8;

/** Looks at an installation from all sides. Whatever cannot be seen is unknown; it never rejects. */
export async function examine(ports: DoctorPorts, signal: AbortSignal): Promise<readonly Check[]> {
  const { questions, controls, server, now } = ports;
  const today = now.toISOString().slice(0, 10);
  const version = mapped(await questions.read('/version', signal), (body) => stringOrEmpty(body?.gitVersion));
  // everybody may read the version: who gets none gets nothing, and each further question would take as long
  if ('unknown' in version) {
    return CHECKS.map((check) => ({ check, result: 'unknown', message: version.unknown }));
  }
  const path = `${REGISTRATIONS}/validatingwebhookconfigurations/${NAMES.registration}`;
  const registered = mapped(await questions.read(path, signal), (object) => object && readRegistration(object));
  const installed = 'known' in registered ? registered.known : undefined;
  const home = ports.namespace ?? installed?.service?.namespace ?? NAMES.namespace;
  const configuration = await configurationOf(ports, home, signal);
  const settings = 'known' in configuration ? configuration.known.settings : undefined;
  const served = await servedApis(questions, signal);
  const canary = chooseCanary(settings, controls, today);
  return [
    checkRegistration(registered, settings?.namespaces),
    checkPlatform(registered, version, server),
    checkCertificate(await certificateSight(ports, registered, home, signal), now),
    canary === undefined
      ? silentCanary()
      : checkCanary(canary, await questions.dryRun(CONFIG_MAPS, canary, signal), controls),
    checkRights(
      await askRights(
        questions,
        rightQuestions({
          home,
          namespaces: settings?.namespaces ?? new Set(['kube-system']),
          keepsCertificates: installed?.injectedFrom === undefined,
          reportGroups: groupsOf(served),
        }),
        signal,
      ),
    ),
    checkPolicies(await policySights(questions, signal), home),
    checkReports(served, settings?.reports ?? 'auto'),
    checkOtherWebhooks({
      mutating: await listed(questions, `${REGISTRATIONS}/mutatingwebhookconfigurations`, signal),
      validating: await listed(questions, `${REGISTRATIONS}/validatingwebhookconfigurations`, signal),
      labels: mapped(await questions.read('/api/v1/namespaces/kube-system', signal), (body) =>
        asRecord(asRecord(body?.metadata).labels),
      ),
    }),
    checkConfiguration(mapped(configuration, ({ from, settings: { notes } }) => ({ from, notes }))),
  ];
}

const CONFIG_MAPS = '/api/v1/namespaces/kube-system/configmaps';

async function configurationOf(
  { configuration, questions, understand }: DoctorPorts,
  home: string,
  signal: AbortSignal,
): Promise<Answer<{ readonly settings: DoctorSettings; readonly from: string }>> {
  if (configuration !== undefined) {
    return { known: { settings: configuration.settings, from: configuration.path } };
  }
  const from = `ConfigMap ${home}/${NAMES.configMap}`;
  const asked = await questions.read(
    `/api/v1/namespaces/${encodeURIComponent(home)}/configmaps/${NAMES.configMap}`,
    signal,
  );
  if ('unknown' in asked) return asked;
  const text = asRecord(asked.known?.data)[NAMES.configKey];
  if (typeof text !== 'string') return { unknown: `there is no ${from} with ${NAMES.configKey}` };
  try {
    return { known: { settings: understand(from, text), from } };
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

/** Those that are served; undefined where that cannot be told of one of them. */
function groupsOf(served: ServedApis): ReadonlySet<string> | undefined {
  const groups = new Set<string>();
  for (const [api, asked] of served) {
    if ('unknown' in asked) return undefined;
    if (asked.known) groups.add(REPORT_RESOURCES[api].apiVersion.replace(/\/.*/, ''));
  }
  return groups;
}

async function certificateSight(
  { questions, decode, bundleFacts, servingFacts }: DoctorPorts,
  registered: Answer<Registered | undefined>,
  home: string,
  signal: AbortSignal,
) {
  const installed = 'known' in registered ? registered.known : undefined;
  const bundle = installed && decode(installed.caBundles[0] ?? '');
  const service = installed?.service ?? { namespace: home, name: NAMES.service };
  const host = `${service.name}.${service.namespace}.svc`;
  const secret = installed?.injectedFrom ?? `${home}/${NAMES.secret}`;
  const [namespace = '', name = ''] = secret.split('/').map(encodeURIComponent);
  // cert-manager names its Certificate there, and our manifests call the Secret alike
  const asked = await questions.read(`/api/v1/namespaces/${namespace}/secrets/${name}`, signal);
  const serving = mapped(asked, (object) => {
    const certificate = decode(stringOrEmpty(asRecord(object?.data)['tls.crt']));
    return certificate === '' ? undefined : servingFacts(certificate, bundle ?? '', host);
  });
  return { registered, bundle: bundle === undefined ? undefined : bundleFacts(bundle), secret, serving, host };
}

async function askRights(questions: ReadOnlyApi, wanted: readonly RightQuestion[], signal: AbortSignal) {
  const answers: { readonly question: RightQuestion; readonly may: Answer<boolean> }[] = [];
  for (let at = 0; at < wanted.length; at += AT_ONCE) {
    const some = wanted.slice(at, at + AT_ONCE);
    const told = await Promise.all(
      some.map(async (question) => ({
        question,
        may: await questions.isAllowed(question.account, question.wish, signal),
      })),
    );
    answers.push(...told);
    // one that may not ask may not ask anything
    if (told.every(({ may }) => 'unknown' in may)) break;
  }
  return answers;
}

function policySights(questions: ReadOnlyApi, signal: AbortSignal) {
  return Promise.all(
    policyPlaces.map(async ({ shipped, policy, binding }) => ({
      shipped,
      policy: await questions.read(`${REGISTRATIONS}/${policy}`, signal),
      binding: await questions.read(`${REGISTRATIONS}/${binding}`, signal),
    })),
  );
}

async function listed(questions: ReadOnlyApi, path: string, signal: AbortSignal): Promise<Answer<readonly unknown[]>> {
  const asked = await questions.read(path, signal);
  if ('unknown' in asked) return asked;
  const { items } = asRecord(asked.known);
  return Array.isArray(items) ? { known: items } : { unknown: `the answer of ${path} is not a list` };
}

function mapped<T, U>(asked: Answer<T>, of: (known: T) => U): Answer<U> {
  return 'known' in asked ? { known: of(asked.known) } : asked;
}
