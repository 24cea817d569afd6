// Times as RFC 3339 texts in UTC: read and written without the Date of the engine, which accepts more.

/** A time as PolicyReports store it (metav1.Timestamp of the proto3 type). */
export interface Timestamp {
  readonly seconds: number;
  readonly nanos: number;
}

const UTC = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z$/;

/** Reads a time; undefined if the text is no RFC 3339 time in UTC. */
export function timestampOf(text: string): Timestamp | undefined {
  const [, year, month, day, hour, minute, second, fraction = ''] = UTC.exec(text) ?? [];
  if (year === undefined || !isBetween(month, 1, 12) || !isBetween(day, 1, 31)) return undefined;
  if (!isBetween(hour, 0, 23) || !isBetween(minute, 0, 59) || !isBetween(second, 0, 59)) return undefined;
  const days = daysSince1970(Number(year), Number(month), Number(day));
  const seconds = ((days * 24 + Number(hour)) * 60 + Number(minute)) * 60 + Number(second);
  return { seconds, nanos: Number(fraction.padEnd(9, '0')) };
}

/** Counts days. A year begins in March here, so that a leap day is the last day of its year. */
function daysSince1970(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468;
}

function isBetween(digits: string | undefined, least: number, most: number): boolean {
  return digits !== undefined && Number(digits) >= least && Number(digits) <= most;
}

/** Reads a time as milliseconds since 1970; undefined if the text is no RFC 3339 time in UTC. */
export function millisecondsOf(text: unknown): number | undefined {
  const time = typeof text === 'string' ? timestampOf(text) : undefined;
  return time && time.seconds * 1000 + Math.floor(time.nanos / 1e6);
}

const DAY = 86_400_000;

/** Writes milliseconds since 1970, at least 0, as an RFC 3339 time in UTC. */
export function timeText(milliseconds: number): string {
  const days = Math.floor(milliseconds / DAY);
  const rest = milliseconds - days * DAY;
  const { year, month, day } = dateOf(days);
  const [hour, minute, second] = [rest / 3_600_000, (rest / 60_000) % 60, (rest / 1000) % 60].map((part) =>
    padded(Math.floor(part), 2),
  ) as [string, string, string];
  return `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}T${hour}:${minute}:${second}.${padded(rest % 1000, 3)}Z`;
}

/** The inverse of `daysSince1970`. */
function dateOf(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const ofEra = shifted - era * 146_097;
  const leapDays = Math.floor(ofEra / 1460) - Math.floor(ofEra / 36_524) + Math.floor(ofEra / 146_096);
  const yearOfEra = Math.floor((ofEra - leapDays) / 365);
  const dayOfYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const day = dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}
