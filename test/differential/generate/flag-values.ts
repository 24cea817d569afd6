// Values for flags, good and bad, by the flag's type.

import fc from 'fast-check';

import vectors from '../../../scripts/generate/vectors.json' with { type: 'json' };

/** Characters for texts that look like a value of the type. */
const ALPHABETS: Readonly<Record<string, string>> = {
  bool: '10tTfFrueaRUE ',
  int: '0123456789_xXbBoOaf+- ',
  int32: '0123456789_xXbBoOaf+- ',
  int64: '0123456789_xXbBoOaf+- ',
  uint: '0123456789_xXbBoOaf+- ',
  float32: '0123456789._eExXpPinfaNt+-',
  float64: '0123456789._eExXpPinfaNt+-',
  duration: '0123456789.hmsnuµμ+- ',
  ip: '0123456789abf:.%[] ',
  ipVar: '0123456789abf:.%[] ',
  stringSlice: 'ab",\n\r ',
  stringToString: 'ab"=,\n ',
  int32Slice: '0123x_,- ',
  quantity: '0123456789.+-eEKMGTPikmnu',
  taints: 'ab=:,-/.NoSchedule',
  reservedMemory: '01:;=,memoryKi-',
  mapStringString: 'ab=, ',
  mapStringStringNoSplit: 'ab=, ',
  mapStringBool: 'ab=,true ',
  langleMap: 'ab<,= ',
  colonMultimap: 'ab:, ',
  colonMultimapEmptyKey: 'ab:,= ',
  configurationMap: 'ab=,/._- ',
  namedCertKey: 'ab,: ',
  portRange: '0123456789+- ',
  verbosity: '0123456789+-_x',
  vmodule: 'ab=,01 ',
  version: 'v1.372-+abtruefalse',
};

/** Values that the vectors do not have, good ones first. */
const MORE: Readonly<Record<string, readonly [readonly string[], readonly string[]]>> = {
  string: [['/etc/x', '', 'a b', '--a', '='], []],
  int: [['10'], ['9223372036854775808', '-9223372036854775809', '0x', '0b2', '0o8', '１']],
  int64: [
    ['-9223372036854775808', '0X_F', '0_7'],
    ['-9223372036854775809', '0_', '--1', '1 '],
  ],
  int32: [
    ['-0x80000000', '110'],
    ['0x80000000', '1.0', ''],
  ],
  uint: [
    ['0', '0b1_1'],
    ['-0', '1,0'],
  ],
  float64: [
    ['0x.8p1', '1e+9', '1_000.5', '-infinity'],
    ['1_.5', '1__0', '_1', '0x1.p', '-nan', '1e'],
  ],
  float32: [
    ['50', '0X1P-149'],
    ['0x1p128', '3.5e38', ''],
  ],
  duration: [
    ['-9223372036854775808ns', '2562047h47m16.854775807s', '1.000000001s', '+1h2m3.5s'],
    ['2562047h47m16.854775808s', '9223372036854775808ns', '1e3s', '1H', '.', '-'],
  ],
  ip: [
    ['2001:db8::1', '\t1.2.3.4', '::', '1::', '::1.2.3.4'],
    ['1:2:3:4:5:6:7:8::', ':::', '1.2.3.4.5', '12345::'],
  ],
  ipVar: [
    ['::01.2.3.4', '00000::1', '0001.2.3.4'],
    ['1.2.3', ' ', '1.2.3.4 '],
  ],
  configurationMap: [['a=b', 'a=b,c=d', 'example.com/a=b', ' a = b '], []],
  mapStringBool: [['AllBeta=false'], ['AllAlpha=true,x']],
  version: [['false'], ['v1.37.3', 'v1.36.2', 'v01.37.2', 'v1.37.2-01', 'v1.37.2-', 'V1.37.2']],
  quantity: [
    ['-.5Gi', '0.5', '12e6'],
    ['1KiB', '١'],
  ],
  taints: [
    ['example.com/a=b:NoExecute', 'a:PreferNoSchedule-', 'a:NoSchedule,a:NoSchedule-', 'A_b.c=:NoSchedule'],
    ['/a:NoSchedule', 'a/:NoSchedule', 'a/b/c:NoSchedule', 'a:NoSchedule:NoExecute', ',', 'é:NoSchedule'],
  ],
};

const JUNK = [
  '',
  ' ',
  'true',
  'false',
  '0',
  '1',
  '-1',
  '--',
  '/etc/kubernetes/pki/x.crt',
  'é',
  '日本',
  '\n',
  'a=b',
  ',',
  '"',
];

/** Values that a flag of the type accepts. */
export function goodValue(type: string): fc.Arbitrary<string> {
  const values = [...known(type, 'accept'), ...(MORE[type]?.[0] ?? [])];
  return values.length === 0 ? fc.constant('x') : fc.constantFrom(...values);
}

/** Values that a flag of the type may or may not accept; most are nearly valid. */
export function anyValue(type: string): fc.Arbitrary<string> {
  const all = [...known(type, 'accept'), ...known(type, 'refuse'), ...(MORE[type] ?? []).flat()];
  const pool = fc.constantFrom(...(all.length === 0 ? JUNK : all));
  const alphabet = Array.from(ALPHABETS[type] ?? 'ab=/ ');
  return fc.oneof(
    { weight: 4, arbitrary: pool },
    { weight: 3, arbitrary: mutated(pool, alphabet) },
    { weight: 3, arbitrary: fc.array(fc.constantFrom(...alphabet), { maxLength: 7 }).map((signs) => signs.join('')) },
    { weight: 1, arbitrary: fc.tuple(pool, fc.constantFrom(...alphabet, ','), pool).map((parts) => parts.join('')) },
    { weight: 1, arbitrary: fc.constantFrom(...JUNK) },
  );
}

/** A text with one character replaced, removed or added. */
export function mutated(text: fc.Arbitrary<string>, alphabet: readonly string[]): fc.Arbitrary<string> {
  return fc
    .tuple(text, fc.nat(), fc.nat({ max: 1 }), fc.constantFrom('', ...alphabet))
    .map(([original, position, removed, sign]) => {
      const signs = Array.from(original);
      signs.splice(position % (signs.length + 1), removed, sign);
      return signs.join('');
    });
}

function known(type: string, verdict: 'accept' | 'refuse'): readonly string[] {
  return vectors.filter((vector) => vector.type === type).flatMap((vector) => vector[verdict]);
}
