import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { auditTime, MISSED_TURNS, type AuditMetadata } from '../../../src/evidence/node-agent/audit-time.ts';

const NODE = { name: 'worker-1', uid: 'uid-1', createdAt: '2026-11-01T00:00:00Z' };
const WRITTEN = '2026-11-26T12:00:00Z';
const METADATA: AuditMetadata = { storedAt: WRITTEN, agentTime: undefined, interval: '600', nodeUid: 'uid-1' };
const BEGAN = '2026-11-26T12:00:00.000Z';

function at(minutes: number): string {
  return new Date(Date.parse(WRITTEN) + minutes * 60_000).toISOString();
}

function timeOf(marks: Partial<AuditMetadata>, minutes = 1, began: unknown = BEGAN, node = NODE): string {
  const time = auditTime({ ...METADATA, ...marks }, began, node, at(minutes));
  return typeof time === 'string' ? time : time.code;
}

describe('the time of an audit', () => {
  test("is the API server's time of the write, minus what passed on the agent's clock", () => {
    expect(timeOf({})).toBe(at(0));
    expect(timeOf({ agentTime: '2026-11-26T12:07:00.000Z' })).toBe(at(-7));
    // whatever time the agent's clock has
    expect(timeOf({ agentTime: '2031-01-01T00:07:00Z' }, 1, '2031-01-01T00:00:00Z')).toBe(at(-7));
    expect(timeOf({ agentTime: '1999-01-01T00:00:00Z' })).toBe(at(0));
  });

  test.each([
    [10 * MISSED_TURNS, '600', at(0)],
    [10 * MISSED_TURNS + 1, '600', 'timeout'],
    [10 * MISSED_TURNS + 1, undefined, 'timeout'],
    [10 * MISSED_TURNS + 1, 'never', 'timeout'],
    [4, '1', at(0)],
    [5, '1', 'timeout'],
    [24 * 60 * MISSED_TURNS, '999999999', at(0)],
    [24 * 60 * MISSED_TURNS + 1, '999999999', 'timeout'],
    [24 * 60 * MISSED_TURNS + 1, '99999999999999999999', 'timeout'],
  ])('after %d minutes, with an audit every %s seconds, is %s', (minutes, interval, wanted) => {
    expect(timeOf({ interval }, minutes)).toBe(wanted);
  });

  test.each([undefined, '', '9999-99-99', '2031-01-01T00:00:00Z', at(10), 'yesterday'])(
    'is unknown if the write has the time %s',
    (storedAt) => {
      expect(timeOf({ storedAt })).toBe('malformed');
    },
  );

  test('is unknown if the audit is from an earlier node with the same name', () => {
    expect(timeOf({ nodeUid: 'uid-0' })).toBe('outdated');
    expect(timeOf({ nodeUid: undefined })).toBe(at(0));
    expect(timeOf({ nodeUid: undefined }, 1, BEGAN, { ...NODE, createdAt: at(0.5) })).toBe('outdated');
    expect(timeOf({}, 1, BEGAN, { ...NODE, createdAt: undefined as unknown as string })).toBe(at(0));
  });

  test('is never later than the write, and valid for at most four days, whatever the agent says', () => {
    const text = fc.oneof(
      fc.string(),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      fc.nat().map(String),
    );
    const marks = fc.record({ agentTime: text, interval: text });
    fc.assert(
      fc.property(marks, fc.anything(), fc.nat(20_000), (metadata, began, minutes) => {
        const time = timeOf(metadata, minutes, began);
        if (/^\d/.test(time)) {
          expect(Date.parse(time)).toBeLessThanOrEqual(Date.parse(WRITTEN));
          expect(minutes).toBeLessThanOrEqual(24 * 60 * MISSED_TURNS);
        } else expect(['timeout', 'outdated']).toContain(time);
      }),
    );
  });
});
