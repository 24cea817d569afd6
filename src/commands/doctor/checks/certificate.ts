// The check `certificate`: can API servers verify the webhook, now and for a while?

import type { CertificateFacts, PemFacts } from '../../../policy/certificates.ts';
import { NO_RIGHT, type Check } from '../report.ts';
import type { Answer } from '../../../kube/read-only-api.ts';
import type { ServingFacts } from '../../../evidence/certificates/serving.ts';
import type { InstalledWebhook } from './webhook-configuration.ts';

/** What was read about the certificate of the webhook. */
export interface CertificateState {
  readonly registered: Answer<InstalledWebhook | undefined>;
  /** What the caBundle holds. */
  readonly bundle: PemFacts | undefined;
  /** The Secret that holds the certificate, as `namespace/name`. */
  readonly secret: string;
  /** The certificate in it, compared with the caBundle; undefined if it holds none. */
  readonly serving: Answer<ServingFacts | undefined>;
  readonly host: string;
}

/** The end of a fault that does not stop the webhook yet. */
export const NOT_RENEWED = 'was not renewed in time';
const UNREAD = 'the caBundle was not checked, because the ValidatingWebhookConfiguration cannot be read';
const RENEW =
  'see the log of the webhook; with --tls-secret the webhook updates the caBundle itself within seconds, with cert-manager check the Certificate and cainjector';
/** A certificate should be renewed before the last tenth of its lifetime. */
const LATE = 0.1;

/** Checks that API servers can verify the webhook, now and for a while. */
export function checkCertificate(state: CertificateState, now: Date): Check {
  const check = 'certificate';
  const { registered, bundle, secret, serving, host } = state;
  if ('unknown' in registered) return { check, result: 'unknown', message: UNREAD };
  if (registered.known === undefined || bundle === undefined) {
    return {
      check,
      result: 'unknown',
      message: 'there is no caBundle to check, because there is no ValidatingWebhookConfiguration',
    };
  }
  const ofBundle = bundleFaults(registered.known, bundle, now);
  const known = 'known' in serving ? serving.known : undefined;
  // nothing verifies with a caBundle that is broken
  const checked = known && { ...known, isIssued: known.isIssued || ofBundle.length > 0 };
  const faults = [...ofBundle, ...(checked === undefined ? [] : servingFaults(checked, secret, host, now))];
  if (faults.length > 0) {
    const [message = '', ...details] = faults;
    return { check, result: 'problem', message, ...(details.length > 0 && { details }), remedy: RENEW };
  }
  const [ca] = bundle.certificates.filter((certificate) => isCurrent(certificate, now));
  const trust = `the caBundle holds ${ca?.subject ?? ''}, valid until ${ca?.notAfter ?? ''}`;
  if (known !== undefined) {
    const until = known.pem.certificates[0]?.notAfter ?? '';
    return { check, result: 'ok', message: `${trust}; the serving certificate is issued by it, valid until ${until}` };
  }
  const reason =
    'unknown' in serving ? serving.unknown : `the Secret ${secret} holds none, so it is in files or was never created`;
  return {
    check,
    result: 'unknown',
    message: `${trust}; the serving certificate was not checked: ${reason}`,
    remedy:
      'unknown' in serving ? NO_RIGHT : 'compare the certificate that the webhook serves with the caBundle yourself',
  };
}

function bundleFaults({ caBundles }: InstalledWebhook, bundle: PemFacts, now: Date): string[] {
  if (caBundles.some((text) => text === ''))
    return ['the ValidatingWebhookConfiguration has no caBundle: no API server can verify the webhook'];
  if (new Set(caBundles).size > 1)
    return ['the webhooks of the ValidatingWebhookConfiguration have different caBundles'];
  if (bundle.brokenCertificate !== undefined) {
    return [`certificate ${bundle.brokenCertificate} of the caBundle cannot be read`];
  }
  if (bundle.certificates.length === 0) return ['the caBundle holds no certificate'];
  if (bundle.certificates.some((certificate) => isCurrent(certificate, now))) return [];
  const dates = bundle.certificates.map(({ notBefore, notAfter }) => `${notBefore} to ${notAfter}`);
  return [`no certificate of the caBundle is valid now: ${dates.join(', ')}`];
}

function servingFaults({ pem, isIssued, isForHost }: ServingFacts, secret: string, host: string, now: Date): string[] {
  const [leaf] = pem.certificates;
  if (leaf === undefined) return [`the Secret ${secret} holds no certificate in tls.crt`];
  const late = new Date(Date.parse(leaf.notAfter) - LATE * (Date.parse(leaf.notAfter) - Date.parse(leaf.notBefore)));
  return [
    ...(isIssued ? [] : [`the serving certificate, issued by ${leaf.issuer}, does not verify with the caBundle`]),
    ...(isForHost ? [] : [`the serving certificate is not for ${host}`]),
    ...(isCurrent(leaf, now) ? [] : [`the serving certificate is valid from ${leaf.notBefore} to ${leaf.notAfter}`]),
    ...(isCurrent(leaf, now) && now > late
      ? [`the serving certificate expires on ${leaf.notAfter}, and ${NOT_RENEWED}`]
      : []),
  ];
}

function isCurrent({ notBefore, notAfter }: CertificateFacts, now: Date): boolean {
  const time = now.getTime();
  return Date.parse(notBefore) <= time && time <= Date.parse(notAfter);
}
