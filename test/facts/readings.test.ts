import { describe, expect, test } from '@jest/globals';

import { ofFieldValue, ofFlagText } from '../../src/facts/readings.ts';
import type { SettingType } from '../../src/policy/settings.ts';

const ORIGIN = { layer: 'flag' } as const;

describe('the text of a flag becomes a value of its type', () => {
  test.each([
    ['path', '', ''],
    ['string', 'Webhook', 'Webhook'],
    ['boolean', 'T', true],
    ['boolean', '0', false],
    ['number', '10255', 10255],
    ['number', '0x10', 16],
    ['number', '010', 8],
    ['number', '-1', -1],
    ['number', '1_000', 1000],
  ] as const)('%s %j is %j', (type, text, value) => {
    const reading = ofFlagText({ flag: 'sample', type }, { state: 'set', value: text, origin: ORIGIN });

    expect(reading).toEqual({ state: 'set', value, origin: ORIGIN });
  });

  test.each([
    ['boolean', 'yes'],
    ['number', '1.5'],
    ['number', '9223372036854775808'],
  ] as const)('%s %j is unreadable', (type, text) => {
    const reading = ofFlagText({ flag: 'sample', type }, { state: 'set', value: text, origin: ORIGIN });

    const message = `"${text}" is no ${type}, which --sample needs; correct the value`;
    expect(reading).toEqual({ state: 'unreadable', problem: { code: 'malformed', message, origin: ORIGIN } });
  });

  test('a flag that is not set stays unset, whatever its type', () => {
    const reading = { state: 'unset', origin: ORIGIN } as const;

    expect(ofFlagText({ flag: 'sample', type: 'number' }, reading)).toBe(reading);
  });
});

test.each([
  ['path', '/ca.crt', '/ca.crt'],
  ['string', 1, undefined],
  ['boolean', false, false],
  ['boolean', 'false', undefined],
  ['number', 0, 0],
  ['number', 10255n, 10255],
  ['number', '10255', undefined],
  ['number', null, undefined],
] as const)('the value of a field of type %s that holds %p is %p', (type: SettingType, value, expected) => {
  expect(ofFieldValue({ flag: 'sample', field: 'sample', type, defaults: {}, configz: 'always' }, value)).toBe(
    expected,
  );
});
