// Reads `certificates` of the configuration: when a certificate that expires is worth a warning.

import type { CheckTime } from '../../policy/certificates.ts';
import type { Entry, Located, YamlReader } from './yaml-reader.ts';

/** The settings for certificate files, as the configuration file has them. */
export interface CertificateSettings {
  readonly warnBefore?: Located<string>;
}

/** The defaults. */
export const CERTIFICATE_DEFAULTS = { warnBefore: '30d' } as const;

const DAY = 24 * 60 * 60 * 1000;
const MOST_DAYS = 365;

/** Reads the settings for certificate files. */
export function readCertificateSettings(reader: YamlReader, certificates: Entry): CertificateSettings {
  const settings: { warnBefore?: Located<string> } = {};
  reader.fields(certificates, 'certificates', {
    warnBefore: (entry) => {
      const wanted = `warnBefore must be a time from 1d to ${MOST_DAYS}d, such as ${CERTIFICATE_DEFAULTS.warnBefore}`;
      const read = reader.text(entry, (value) => daysOf(value) !== undefined, wanted);
      if (read !== undefined) settings.warnBefore = read;
    },
  });
  return settings;
}

/** The time of a check, and the time until which an expiry is worth a warning. */
export function checkTimeAt(now: Date, settings: CertificateSettings | undefined): CheckTime {
  const days = daysOf(settings?.warnBefore?.value ?? CERTIFICATE_DEFAULTS.warnBefore);
  // settings were checked when they were read
  if (days === undefined) throw new Error('warnBefore was not checked');
  return { now: toSecond(now), soon: toSecond(new Date(now.getTime() + days * DAY)) };
}

function daysOf(time: string): number | undefined {
  const [, count] = /^([1-9]\d{0,2})d$/.exec(time) ?? [];
  return count === undefined || Number(count) > MOST_DAYS ? undefined : Number(count);
}

function toSecond(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, 'Z');
}
