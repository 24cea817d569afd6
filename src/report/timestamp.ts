/** The form of a time in a report. */
export interface Timestamp {
  readonly seconds: number;
  readonly nanos: number;
}

const UTC = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z$/;

/** @returns undefined where the text is no time of RFC 3339 in UTC */
export function timestampOf(text: string): Timestamp | undefined {
  const [, year, month, day, hour, minute, second, fraction = ''] = UTC.exec(text) ?? [];
  if (year === undefined || !isBetween(month, 1, 12) || !isBetween(day, 1, 31)) return undefined;
  if (!isBetween(hour, 0, 23) || !isBetween(minute, 0, 59) || !isBetween(second, 0, 59)) return undefined;
  const days = daysSince1970(Number(year), Number(month), Number(day));
  const seconds = ((days * 24 + Number(hour)) * 60 + Number(minute)) * 60 + Number(second);
  return { seconds, nanos: Number(fraction.padEnd(9, '0')) };
}

/** Years begin in March here, so that a leap day is the last of its year. */
function daysSince1970(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468;
}

function isBetween(digits: string | undefined, least: number, most: number): boolean {
  return digits !== undefined && Number(digits) >= least && Number(digits) <= most;
}
