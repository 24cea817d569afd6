// The values that each type of flag accepts: the Set methods of pflag v1.0.10 and of Kubernetes' own flag types, named as
// in data/flags.json. scripts/generate/SEMANTICS.md gives the source of each.

import {
  atoi,
  csvRecord,
  isCIDR,
  isDecimal,
  isDuration,
  isFloat,
  isInteger,
  isIP,
  isQuantity,
  parseBool,
  trimSpace,
} from '../values/go-values.ts';
import { isLabelValue, isQualifiedName } from './labels.ts';

type Check = (value: string, before: string | undefined) => string | undefined;

/** apimachinery pkg/util/version/version.go:40. It must also be the binary's own version, which no document shows. */
const SEMANTIC_VERSION =
  /^v(?:(?:0|[1-9]\d*)\.){2}(?:0|[1-9]\d*)(?:-(?!0\d+(?:[.+\s]|$))[\dA-Za-z-]+(?:\.(?!0\d+(?:[.+\s]|$))[\dA-Za-z-]+)*)?(?:\+[\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*)?[\t\f\r ]*$/;

const CHECKS: Readonly<Record<string, Check>> = {
  string: () => undefined,
  stringArray: () => undefined,
  configurationMap: () => undefined,
  colonMultimapEmptyKey: () => undefined,
  bool: (value) =>
    unless(parseBool(value) !== undefined, `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`),
  int: (value) => unless(isInteger(value, 64, true), numberFault(value)),
  int64: (value) => unless(isInteger(value, 64, true), numberFault(value)),
  int32: (value) => unless(isInteger(value, 32, true), numberFault(value)),
  uint: (value) => unless(isInteger(value, 64, false), numberFault(value)),
  uint32: (value) => unless(isInteger(value, 32, false), numberFault(value)),
  float32: (value) => unless(isFloat(value, 32), numberFault(value)),
  float64: (value) => unless(isFloat(value, 64), numberFault(value)),
  int32Slice: (value) =>
    unless(
      value.split(',').every((part) => isInteger(part, 32, true)),
      numberFault(value),
    ),
  duration: (value) => unless(isDuration(value), `time: invalid duration ${JSON.stringify(value)}`),
  quantity: (value) => unless(isQuantity(value), 'quantities must match the regular expression of a quantity'),
  verbosity: (value) => unless(isDecimal(value, 31), numberFault(value)),
  stringSlice: (value) => unless(value === '' || csvRecord(value) !== undefined, 'parse error: bare or extraneous "'),
  stringToString: (value) => unless(isStringToString(value), `${value} must be formatted as key=value`),
  ip: (value) => unless(value === '' || isIP(trimSpace(value), false), `failed to parse IP: ${JSON.stringify(value)}`),
  ipVar: (value, before) => {
    if (before === '' && value !== '') return 'the address was emptied before';
    return unless(value === '' || isIP(value, true), `${JSON.stringify(value)} is not a valid IP address`);
  },
  mapStringString: (value) =>
    unless(
      pairs(value).every((pair) => pair.includes('=')),
      'malformed pair, expect string=string',
    ),
  mapStringStringNoSplit: (value) => unless(value.includes('='), 'malformed pair, expect string=string'),
  mapStringBool: (value) => unless(pairs(value).every(isBoolPair), 'malformed pair, expect string=bool'),
  // judgeGates knows their names
  featureGate: (value) => unless(pairs(value).every(isBoolPair), 'malformed pair, expect string=bool'),
  gceCidrs: (value, before) =>
    unless(
      before === undefined && value.split(',').every((part) => isCIDR(part)),
      `${JSON.stringify(value)} is no list of CIDRs, or not the first one`,
    ),
  langleMap: (value) =>
    unless(
      pairs(value).every((pair) => pair.includes('<')),
      'malformed pair, expect string<string',
    ),
  colonMultimap: (value) =>
    unless(
      pairs(value).every((pair) => pair.includes(':')),
      'malformed pair, expect string:string',
    ),
  namedCertKey: namedCertKey,
  portRange: portRange,
  vmodule: (value) =>
    unless(
      pairs(value).every((pair) => /^[^=]+=\d+$/.test(pair) && isDecimal(pair.slice(pair.indexOf('=') + 1), 31)),
      'not in the pattern=N format',
    ),
  version: (value) =>
    unless(
      value === 'raw' || (value.startsWith('v') ? SEMANTIC_VERSION.test(value) : parseBool(value) !== undefined),
      `${JSON.stringify(value)} is neither true, false, raw nor a version`,
    ),
  klogLevel: (value) => unless(isInt32(value), numberFault(value)),
  klogSeverity: (value) =>
    unless(['INFO', 'WARNING', 'ERROR', 'FATAL'].includes(value.toUpperCase()) || isInt32(value), numberFault(value)),
  klogModules: (value) =>
    unless(pairs(value).every(isModuleLevel), 'syntax error: expect comma-separated list of filename=N'),
  klogTrace: (value) => unless(isTraceLocation(value), 'syntax error: expect file.go:234'),
  taints: taints,
  plainTaints: plainTaints,
  reservedMemory: reservedMemory,
};

/** The types of flags whose rules are known. */
export const KNOWN_TYPES: ReadonlySet<string> = new Set(Object.keys(CHECKS));

/**
 * Why a flag rejects a value, in the component's own words if they are short.
 *
 * @param type the flag's type, as in data/flags.json
 * @param before the value that the same command line gave the flag before, if any
 * @returns undefined if the flag accepts the value
 */
export function faultOf(type: string, value: string, before: string | undefined): string | undefined {
  return Object.hasOwn(CHECKS, type) ? CHECKS[type]?.(value, before) : undefined;
}

/** Whether the values that a flag accepts depend on the value before. */
export function dependsOnBefore(type: string): boolean {
  return type === 'ipVar' || type === 'reservedMemory';
}

function unless(accepted: boolean, fault: string): string | undefined {
  return accepted ? undefined : fault;
}

function numberFault(value: string): string {
  return `parsing ${JSON.stringify(value)}: invalid syntax or value out of range`;
}

function pairs(value: string): string[] {
  return value.split(',').filter((pair) => pair !== '');
}

function isBoolPair(pair: string): boolean {
  const equals = pair.indexOf('=');
  return equals !== -1 && parseBool(trimSpace(pair.slice(equals + 1))) !== undefined;
}

function isStringToString(value: string): boolean {
  const equals = value.split('=').length - 1;
  if (equals < 2) return equals === 1;
  return csvRecord(value)?.every((pair) => pair.includes('=')) === true;
}

function namedCertKey(value: string): string | undefined {
  const colon = value.indexOf(':');
  if (colon !== -1 && trimSpace(value.slice(colon + 1)) === '') return 'empty names list is not allowed';
  const files = (colon === -1 ? value : value.slice(0, colon)).split(',');
  return unless(files.length === 2, 'expected comma separated certificate and key file paths');
}

function portRange(text: string): string | undefined {
  const value = trimSpace(text);
  if (value === '') return undefined;
  const fault = `${JSON.stringify(text)} is not a valid port range`;
  const hyphen = value.indexOf('-');
  const plus = value.indexOf('+');
  if (hyphen !== -1 && plus !== -1) return fault;
  const split = Math.max(hyphen, plus);
  const low = atoi(split === -1 ? value : value.slice(0, split));
  const second = split === -1 ? low : atoi(value.slice(split + 1));
  if (low === undefined || second === undefined) return fault;
  const high = plus === -1 ? second : low + second;
  return unless(low <= 65_535 && high <= 65_535 && high >= low, fault);
}

function taints(value: string): string | undefined {
  if (value === '') return undefined;
  const seen = new Set<string>();
  for (const spec of value.split(',')) {
    const removes = spec.endsWith('-');
    const taint = taintOf(removes ? spec.slice(0, -1) : spec);
    if (taint === undefined || (!removes && taint.effect === undefined)) return `invalid taint spec: ${spec}`;
    if (removes) continue;
    const id = `${taint.key}:${taint.effect ?? ''}`;
    if (seen.has(id)) return `duplicated taints with the same key and effect: ${spec}`;
    seen.add(id);
  }
  return undefined;
}

/** Before 1.23 an effect was not required, and none could be removed. */
function plainTaints(value: string): string | undefined {
  const wrong = value === '' ? undefined : value.split(',').find((spec) => taintOf(spec) === undefined);
  return wrong === undefined ? undefined : `invalid taint spec: ${wrong}`;
}

function taintOf(spec: string): { readonly key: string; readonly effect: string | undefined } | undefined {
  const parts = spec.split(':');
  const [pair = '', effect] = parts;
  const [key = '', label, ...more] = effect === undefined ? [pair] : pair.split('=');
  const isValid =
    parts.length <= 2 &&
    more.length === 0 &&
    (effect === undefined || ['NoSchedule', 'PreferNoSchedule', 'NoExecute'].includes(effect)) &&
    isQualifiedName(key) &&
    isLabelValue(label ?? '');
  return isValid ? { key, effect } : undefined;
}

/** Strconv.ParseInt(value, 10, 32). */
function isInt32(value: string): boolean {
  const number = Number(value);
  return /^[+-]?\d+$/.test(value) && number >= -2_147_483_648 && number <= 2_147_483_647;
}

function isModuleLevel(pair: string): boolean {
  const [pattern = '', level = '', ...more] = pair.split('=');
  return pattern !== '' && more.length === 0 && isInt32(level) && Number(level) >= 0;
}

function isTraceLocation(value: string): boolean {
  const [file = '', line = '', ...more] = value.split(':');
  return value === '' || (file.includes('.') && more.length === 0 && (atoi(line) ?? 0) > 0);
}

function reservedMemory(value: string, before: string | undefined): string | undefined {
  if (before === '') return 'no target (nil pointer to *[]MemoryReservation)';
  if (value === '') return undefined;
  const valid = value.split(';').every((reservation) => {
    const [node = '', limits, ...more] = reservation.split(':');
    return (
      more.length === 0 && limits !== undefined && atoi(node) !== undefined && limits.split(',').every(isMemoryLimit)
    );
  });
  return unless(valid, `the reserved memory has incorrect format, got ${value}`);
}

function isMemoryLimit(limit: string): boolean {
  const [resource = '', quantity, ...more] = limit.split('=');
  return (
    more.length === 0 &&
    (resource === 'memory' || resource.startsWith('hugepages-')) &&
    quantity !== undefined &&
    isQuantity(quantity)
  );
}
