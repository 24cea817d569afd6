// Right and wrong values for the fields of a configuration, by the Go types that decode them.

import fc from 'fast-check';

import data from '../../../src/facts/data/types.json' with { type: 'json' };
import { mapping, type Entry, type Tree } from './yaml.ts';

const TYPES: Readonly<Record<string, Readonly<Record<string, string>>>> = data.types;

/** Scalars by type, as YAML; the later ones in each list are more unusual. */
const SCALARS: Readonly<Record<string, readonly string[]>> = {
  string: [
    ...[
      '/etc/x',
      'abc',
      '"quoted"',
      "'single'",
      '""',
      "''",
      'a b',
      '"a\\nb"',
      'é',
      '"\\u00e9\\x41"',
      "'it''s'",
      '!!str 5',
    ],
    ...[
      '|\n~/etc/x',
      '>-\n~/etc\n~/x',
      '|-\n~a\n~b',
      '>\n~a\n~\n~b',
      '|+\n~a\n',
      '2001-01-01',
      '0x',
      '1.2.3',
      '1_',
      '+',
      '-x',
      '.x',
      '"1"',
    ],
    ...[
      '!!binary aGk=',
      '=',
      '<x',
      '1:30',
      '190:20:30',
      '08',
      '0b',
      '--- x',
      'a#b',
      'a: b',
      'ab:c',
      '! 5',
      '!local x',
      '.5.',
      '@x',
      '`x',
      '0o8',
      '1__0',
    ],
  ],
  bool: [
    'true',
    'false',
    'yes',
    'no',
    'on',
    'off',
    'y',
    'N',
    'True',
    'FALSE',
    'tRUE',
    '"true"',
    '!!bool yes',
    '!!bool "on"',
    '1',
  ],
  int: [
    ...[
      '5',
      '0',
      '-1',
      '1_000',
      '0x10',
      '017',
      '0o17',
      '0b11',
      '1.0',
      '1e3',
      '1E3',
      '+5',
      '5.',
      '.5',
      '5.5',
      '"5"',
      '!!int 5',
      '!!int "5"',
    ],
    ...[
      '2147483647',
      '2147483648',
      '-2147483649',
      '9223372036854775807',
      '9223372036854775808',
      '18446744073709551616',
      '1e21',
      '1e20',
    ],
    ...[
      '1e400',
      '.inf',
      '-.inf',
      '.nan',
      '08',
      '0_8',
      '190:20',
      '-0',
      '0x_1',
      '-0x10',
      '0X10',
      '1_0.0',
      '_1',
      '1e+2',
      '100_',
      '-017',
      '00',
      '-0b1',
    ],
  ],
  duration: ['5s', '1m0s', '0s', '"5s"', '5', '0', '""', '1h30m', '.5s', '-1s', '5 s', '1d', '"0"', 'null'],
  quantity: ['5', '5Gi', '"5Gi"', '1.5', '" 5 "', '1e3', '""', 'x', '.5Gi', '0x10', '1_000', 'true', '5K'],
  null: ['', '~', 'null', 'Null', 'NULL', '!!null ""', '!!null null', '!!null x', 'nULL'],
};

const WRONG: readonly Tree[] = [
  '5',
  'text',
  'true',
  '""',
  [],
  ['a'],
  mapping([]),
  mapping([['a', 'b']]),
  'null',
  '~',
  '1.5',
  '2001-01-01',
];
const KINDS: Readonly<Record<string, string>> = {
  string: 'string',
  bool: 'bool',
  int: 'int',
  int32: 'int',
  int64: 'int',
  uint32: 'int',
  float64: 'int',
  duration: 'duration',
  timeOrDuration: 'duration',
  quantity: 'quantity',
  time: 'string',
  intOrString: 'int',
  bytes: 'string',
};

/** A tree for a type: usually simple and right. */
export function treeOf(type: string, depth = 3): fc.Arbitrary<Tree> {
  return fc.oneof(
    { weight: 30, arbitrary: rightTree(type, depth) },
    { weight: 3, arbitrary: fc.constantFrom(...(SCALARS.null ?? [])) },
    { weight: 2, arbitrary: fc.constantFrom(...WRONG) },
  );
}

function rightTree(type: string, depth: number): fc.Arbitrary<Tree> {
  if (type.startsWith('*')) return rightTree(type.slice(1), depth);
  if (type.startsWith('[]')) return fc.array(treeOf(type.slice(2), depth - 1), { maxLength: 2 });
  if (type.startsWith('map[')) {
    const value = treeOf(type.slice(type.indexOf(']') + 1), depth - 1);
    const key = fc.constantFrom('a', 'AllAlpha', '1', 'true', '"x"', '~', '1.5', 'é');
    return fc.array(fc.tuple(key, value), { maxLength: 2 }).map(mapping);
  }
  const fields = TYPES[type];
  if (fields !== undefined) return depth > 0 ? fieldsOf(type, 2, depth).map(mapping) : fc.constant(mapping([]));
  const scalars = SCALARS[KINDS[type] ?? 'string'] ?? ['x'];
  const plain = scalars.slice(0, 2);
  return fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...plain) },
    { weight: 2, arbitrary: fc.constantFrom(...scalars) },
  );
}

/** Some fields of a type, with values; sometimes an unknown field, or a field name in another case. */
export function fieldsOf(type: string, maxLength: number, depth = 3): fc.Arbitrary<Entry[]> {
  const fields = Object.entries(TYPES[type] ?? {}).filter(([name]) => !LEFT_OUT.has(name));
  if (fields.length === 0) return fc.constant([]);
  const field = fc.tuple(fc.constantFrom(...fields), fc.nat({ max: 40 })).chain(([[name, fieldType], odd]) => {
    const key = odd === 0 ? name.toLowerCase() : odd === 1 ? `${name}X` : odd === 2 ? name.toUpperCase() : name;
    return treeOf(fieldType, depth - 1).map((value): Entry => [key, value]);
  });
  return fc.array(field, { maxLength });
}

/**
 * Fields that are not generated here. The controls' fields are generated elsewhere. An unknown feature gate makes the kubelet
 * panic, and kubelet-guard has no table of the names.
 */
const LEFT_OUT = new Set(['apiVersion', 'kind', 'authentication', 'featureGates']);

/** Scalars that mean null. */
export const nulls: readonly string[] = SCALARS.null ?? [];
/** Scalars that are strings, and some that look like strings. */
export const texts: readonly string[] = SCALARS.string ?? [];
/** Values of other types. */
export const wrong: readonly Tree[] = WRONG;
