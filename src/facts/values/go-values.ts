// Texts that Go's standard library and Kubernetes' types accept. Each function tells whether the text parses.

const BOOL = /^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/;
const DURATION_PART = /(\d*)(?:\.(\d*))?(ns|us|\u00b5s|\u03bcs|ms|s|m|h)(?=[\d.]|$)/y;
const NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  '\u00b5s': 1e3,
  '\u03bcs': 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};
const LIMIT = 1n << 63n;
const INTEGER = /^[-+]?(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)$/;
const SPECIAL_FLOAT = /^(?:[-+]?inf(?:inity)?|nan)$/i;
const FLOAT = /^[-+]?(?=[_.]*\d)[\d_]*(?:\.[\d_]*)?(?:[eE][-+]?\d[\d_]*)?$/;
const HEX_FLOAT =
  /^[-+]?0[xX](?=[_.]*[\da-fA-F])(?<whole>[\da-fA-F_]*)(?:\.(?<part>[\da-fA-F_]*))?[pP](?<exponent>[-+]?\d[\d_]*)$/;
const QUANTITY = /^[-+]?(?<amount>\d*(?:\.\d*)?)(?<suffix>[numkMGTPE]|[KMGTPE]i|[eE](?<exponent>[-+]?\d+)|)$/;
const SMALL_SUFFIX = /^(?:[numkMGTPE]|[KMGT]i|)$/;
/** White space by unicode.IsSpace. */
const SPACE = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
/** No number of 64 bits has more digits in any base. The time for a longer one would grow faster than its length. */
const MOST_DIGITS = 64;
const RFC3339 = /^\d{4}-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,]\d+)?(?:Z|[-+](\d\d):(\d\d))$/;

/** strconv.ParseBool; undefined if it does not parse. */
export function parseBool(text: string): boolean | undefined {
  return BOOL.test(text) ? /^[1tT]/.test(text) : undefined;
}

/** strconv.ParseInt or ParseUint with base 0 and a width in bits. */
export function isInteger(text: string, bits: number, signed: boolean): boolean {
  if (!signed && /^[-+]/.test(text)) return false;
  const value = integerOf(text);
  if (value === undefined) return false;
  if (!signed) return value < 1n << BigInt(bits);
  const limit = 1n << BigInt(bits - 1);
  return -limit <= value && value < limit;
}

/** strconv.ParseInt with base 0 and 64 bits; undefined if it does not parse. */
export function parseInteger(text: string): number | undefined {
  return isInteger(text, 64, true) ? Number(integerOf(text)) : undefined;
}

function integerOf(text: string): bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const digits = text.replace(/^[-+]/, '').replaceAll('_', '');
  const magnitude = bigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return magnitude !== undefined && text.startsWith('-') ? -magnitude : magnitude;
}

/** Undefined if it certainly has more than 64 bits. */
function bigInt(digits: string): bigint | undefined {
  const [prefix = ''] = /^0[xXoObB]/.exec(digits) ?? [];
  const significant = digits.slice(prefix.length).replace(/^0+/, '');
  return significant.length > MOST_DIGITS ? undefined : BigInt(`${prefix}${significant === '' ? '0' : significant}`);
}

/** strconv.ParseUint with base 10. */
export function isDecimal(text: string, bits: number): boolean {
  const value = /^\d+$/.test(text) ? bigInt(text) : undefined;
  return value !== undefined && value < 1n << BigInt(bits);
}

/** strconv.Atoi. */
export function atoi(text: string): number | undefined {
  const magnitude = /^[-+]?\d+$/.test(text) ? bigInt(text.replace(/^[-+]/, '')) : undefined;
  const value = magnitude !== undefined && text.startsWith('-') ? -magnitude : magnitude;
  return value !== undefined && BigInt.asIntN(64, value) === value ? Number(value) : undefined;
}

/** strconv.ParseFloat with 32 or 64 bits. */
export function isFloat(text: string, bits: 32 | 64): boolean {
  if (SPECIAL_FLOAT.test(text)) return true;
  const hex = HEX_FLOAT.exec(text)?.groups;
  if (hex === undefined && !FLOAT.test(text)) return false;
  if (text.includes('_') && !hasGoodUnderscores(text)) return false;
  if (hex) return isHexFloatInRange(hex.whole ?? '', hex.part ?? '', hex.exponent ?? '', bits);
  const value = Number(text.replaceAll('_', ''));
  return Number.isFinite(bits === 32 ? Math.fround(value) : value);
}

/** Underscores stand between digits, or between a base prefix and a digit (strconv's underscoreOK). */
function hasGoodUnderscores(text: string): boolean {
  const body = text.replace(/^[-+]/, '');
  const prefix = /^0[bBoOxX]/.exec(body)?.[0] ?? '';
  const digit = /x/i.test(prefix) ? '[\\da-fA-F]' : '\\d';
  const rest = body.slice(prefix.length);
  return !new RegExp(`(?<!${digit}${prefix === '' ? '' : '|^'})_|_(?!${digit})`).test(rest);
}

function isHexFloatInRange(whole: string, part: string, exponent: string, bits: 32 | 64): boolean {
  const digits = `${whole}${part}`.replaceAll('_', '');
  const mantissa = BigInt(`0x${digits}`).toString(2);
  if (mantissa === '0') return true;
  const [limit, precision] = bits === 32 ? [128, 24] : [1024, 53];
  const magnitude = mantissa.length + Number(exponent.replaceAll('_', '')) - 4 * part.replaceAll('_', '').length;
  // The largest values round up beyond the range.
  return magnitude < limit || (magnitude === limit && !new RegExp(`^1{${precision + 1}}`).test(mantissa));
}

/** time.ParseDuration. */
export function isDuration(text: string): boolean {
  const body = text.replace(/^[-+]/, '');
  if (body === '0') return true;
  if (body === '') return false;
  let total = 0n;
  let at = 0;
  while (at < body.length) {
    DURATION_PART.lastIndex = at;
    const match = DURATION_PART.exec(body);
    if (match === null) return false;
    const [all, whole = '', part = '', unit = ''] = match;
    if (whole === '' && part === '') return false;
    const nanoseconds = NANOSECONDS[unit] ?? 0;
    const units = whole === '' ? 0n : bigInt(whole);
    if (units === undefined) return false;
    const amount = units * BigInt(nanoseconds);
    const summand = amount + fraction(part, nanoseconds);
    // Go adds in 64 bits, so that twice the limit is zero.
    total = BigInt.asUintN(64, total + summand);
    if (summand > LIMIT || total > LIMIT) return false;
    at += all.length;
  }
  return total < LIMIT || text.startsWith('-');
}

/** The digits after the point that Go uses. */
function fraction(digits: string, unit: number): bigint {
  let value = 0n;
  let scale = 1;
  for (const digit of digits) {
    const next = value * 10n + BigInt(digit);
    if (value > (LIMIT - 1n) / 10n || next > LIMIT) break;
    value = next;
    scale *= 10;
  }
  return BigInt(Math.trunc(Number(value) * (unit / scale)));
}

/** resource.ParseQuantity (apimachinery pkg/api/resource/quantity.go:278). */
export function isQuantity(text: string): boolean {
  const { amount = '', suffix = '', exponent } = QUANTITY.exec(text)?.groups ?? {};
  if (text === '' || !QUANTITY.test(text)) return false;
  const power = exponent === undefined ? 0 : atoi(exponent);
  if (power === undefined) return false;
  // Go's path for small numbers reads no digit as zero.
  if (/\d/.test(amount)) return true;
  return exponent === undefined ? SMALL_SUFFIX.test(suffix) : BigInt.asIntN(32, BigInt(power)) >= -9n;
}

/** strings.TrimSpace. */
export function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && SPACE.test(text.charAt(start))) start += 1;
  while (end > start && SPACE.test(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** time.Parse with RFC 3339. */
export function isTime(text: string): boolean {
  const match = RFC3339.exec(text);
  if (match === null) return false;
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0, zoneHour = 0, zoneMinute = 0] = match
    .slice(1)
    .map((part) => Number(part || 0));
  const year = Number(text.slice(0, 4));
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  return day >= 1 && day <= days && hour < 24 && minute < 60 && second < 60 && zoneHour <= 24 && zoneMinute < 60;
}

/** net.ParseIP; `sloppy` allows leading zeros as k8s.io/utils/net.ParseIPSloppy does. */
export function isIP(text: string, sloppy: boolean): boolean {
  return text.includes(':') ? isIPv6(text, sloppy) : isIPv4(text, sloppy);
}

/** net.ParseCIDR, with leading zeros in the address as in k8s.io/utils/net.ParseCIDRSloppy. */
export function isCIDR(text: string): boolean {
  const [address = '', length, ...more] = text.split('/');
  const bits = address.includes(':') ? 128 : 32;
  return more.length === 0 && isIP(address, true) && /^\d+$/.test(length ?? '') && Number(length) <= bits;
}

function isIPv4(text: string, sloppy: boolean): boolean {
  const parts = text.split('.');
  return (
    parts.length === 4 &&
    parts.every((part) => (sloppy ? /^\d+$/ : /^(?:0|[1-9]\d{0,2})$/).test(part) && Number(part) <= 255)
  );
}

function isIPv6(text: string, sloppy: boolean): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  let count = groups.length;
  const last = groups.at(-1);
  if (last?.includes('.') === true) {
    if (text.endsWith('::') || !isIPv4(last, sloppy)) return false;
    groups.pop();
    count += 1;
  }
  return (
    groups.every((group) => (sloppy ? /^0*[0-9a-fA-F]{1,4}$/ : /^[0-9a-fA-F]{1,4}$/).test(group)) &&
    (halves.length === 2 ? count < 8 : count === 8)
  );
}

/** The first record of encoding/csv's Reader; undefined if it rejects the text. */
export function csvRecord(text: string): string[] | undefined {
  if (text !== '' && !/["\r\n]/.test(text)) return text.split(',');
  const line = text.replaceAll('\r\n', '\n').replace(/\r$/, '').replace(/^\n+/, '');
  if (line === '') return undefined;
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const field = line.charAt(at) === '"' ? quotedField(line, at) : plainField(line, at);
    if (field === undefined) return undefined;
    fields.push(field.text);
    at = field.end;
    if (line.charAt(at) !== ',') return fields;
    at += 1;
  }
}

function plainField(line: string, at: number): { text: string; end: number } | undefined {
  const end = at + (/^[^,\n]*/.exec(line.slice(at))?.[0].length ?? 0);
  const text = line.slice(at, end);
  return text.includes('"') ? undefined : { text, end };
}

function quotedField(line: string, at: number): { text: string; end: number } | undefined {
  const match = /^"((?:[^"]|"")*)"(?=,|\n|$)/.exec(line.slice(at));
  return match === null ? undefined : { text: (match[1] ?? '').replaceAll('""', '"'), end: at + match[0].length };
}
