import type { CheckTime } from '../../policy/certificates.ts';
import type { Entry, Located, YamlReader } from './yaml-reader.ts';

/** How certificate files are to be judged, as the file has it. */
export interface CertificateSettings {
  readonly warnBefore?: Located<string>;
}

/** What holds where the file says nothing. */
export const CERTIFICATE_DEFAULTS = { warnBefore: '30d' } as const;

const DAY = 24 * 60 * 60 * 1000;
const MOST_DAYS = 365;

/** Reads how certificate files are to be judged. */
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

/** When certificates are judged, and until when what expires is worth a warning. */
export function momentAt(now: Date, settings: CertificateSettings | undefined): CheckTime {
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
