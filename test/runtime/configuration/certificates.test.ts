import { describe, expect, test } from '@jest/globals';

import { controls } from '../../../src/controls/index.ts';
import { changesBetween } from '../../../src/runtime/configuration/changes.ts';
import { checkTimeAt } from '../../../src/runtime/configuration/certificates.ts';
import { readConfiguration } from '../../../src/runtime/configuration/configuration.ts';

const NOW = new Date('2026-11-23T12:00:00.700Z');

function read(certificates: object) {
  const head = { apiVersion: 'kubelet-guard.dev/v1alpha1', kind: 'GuardConfiguration' };
  return readConfiguration({ path: 'x', text: JSON.stringify({ ...head, certificates }) }, controls);
}

describe('the settings for certificates', () => {
  test.each([
    [{}, '2026-12-23T12:00:00Z'],
    [{ warnBefore: '1d' }, '2026-11-24T12:00:00Z'],
    [{ warnBefore: '365d' }, '2027-11-23T12:00:00Z'],
  ])('%j warn of certificates that expire before %s', (certificates, soon) => {
    const { settings } = read(certificates);
    expect(checkTimeAt(NOW, settings.certificates?.value)).toStrictEqual({ now: '2026-11-23T12:00:00Z', soon });
  });

  test('have defaults without a file', () => {
    expect(checkTimeAt(NOW, undefined).soon).toBe('2026-12-23T12:00:00Z');
  });

  test('are logged when they change', () => {
    const changes = (before: object, after: object) => changesBetween(read(before), read(after), controls);
    expect(changes({}, { warnBefore: '30d' })).toStrictEqual([]);
    expect(changes({}, { warnBefore: '7d' })).toStrictEqual(['certificates.warnBefore: 30d -> 7d']);
  });
});
