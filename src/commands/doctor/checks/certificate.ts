import type { CertificateFacts, PemFacts } from '../../../policy/certificates.ts';
import type { Check } from '../report.ts';
import type { Answer } from '../../../kube/questions.ts';
import type { ServingFacts } from '../../../evidence/certificates/serving.ts';
import type { Registered } from './webhook-configuration.ts';

/** What is known of the certificate of the webhook. */
export interface CertificateSight {
  readonly registered: Answer<Registered | undefined>;
  /** What the caBundle holds. */
  readonly bundle: PemFacts | undefined;
  /** How the Secret is called that holds the certificate. */
  readonly secret: string;
  /** The certificate in it, seen with the caBundle; undefined where it holds none. */
  readonly serving: Answer<ServingFacts | undefined>;
  readonly host: string;
}

const RENEW =
  'look at the log of the webhook for why it is not put right; with --tls-secret it does that by itself within seconds, with cert-manager look at its Certificate and at cainjector';
/** In the last tenth of its life a certificate should long have been renewed. */
const LATE = 0.1;

/** Checks that API servers can verify the webhook, today and for a while. */
export function checkCertificate(sight: CertificateSight, now: Date): Check {
  const check = 'certificate';
  const { registered, bundle, secret, serving, host } = sight;
  if ('unknown' in registered || registered.known === undefined || bundle === undefined) {
    return { check, result: 'unknown', message: 'without a registration there is no caBundle to look at' };
  }
  const faults = bundleFaults(registered.known, bundle, now);
  const known = 'known' in serving ? serving.known : undefined;
  if (known !== undefined) faults.push(...servingFaults(known, secret, host, now));
  if (faults.length > 0) {
    const [message = '', ...details] = faults;
    return { check, result: 'problem', message, ...(details.length > 0 && { details }), remedy: RENEW };
  }
  const [ca] = bundle.certificates.filter((certificate) => isCurrent(certificate, now));
  const trust = `the caBundle holds ${ca?.subject ?? ''}, valid until ${ca?.notAfter ?? ''}`;
  if (known !== undefined) {
    const until = known.pem.certificates[0]?.notAfter ?? '';
    return { check, result: 'ok', message: `${trust}; the serving certificate is of it, valid until ${until}` };
  }
  const reason =
    'unknown' in serving
      ? serving.unknown
      : `there is none in the Secret ${secret}, so it is in files or was never made`;
  return {
    check,
    result: 'unknown',
    message: `${trust}; the serving certificate was not seen: ${reason}`,
    remedy: 'allow yourself to read that Secret, or compare by hand; the canary shows that today it verifies',
  };
}

function bundleFaults({ caBundles }: Registered, bundle: PemFacts, now: Date): string[] {
  if (caBundles.some((text) => text === ''))
    return ['the registration has no caBundle: no API server can verify the webhook'];
  if (new Set(caBundles).size > 1) return ['the webhooks of the registration have different caBundles'];
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
    ...(isIssued ? [] : [`the serving certificate, issued by ${leaf.issuer}, does not verify by the caBundle`]),
    ...(isForHost ? [] : [`the serving certificate is not for ${host}`]),
    ...(isCurrent(leaf, now) ? [] : [`the serving certificate is valid from ${leaf.notBefore} to ${leaf.notAfter}`]),
    ...(isCurrent(leaf, now) && now > late
      ? [`the serving certificate ends on ${leaf.notAfter}, and is not renewed`]
      : []),
  ];
}

function isCurrent({ notBefore, notAfter }: CertificateFacts, now: Date): boolean {
  const time = now.getTime();
  return Date.parse(notBefore) <= time && time <= Date.parse(notAfter);
}
