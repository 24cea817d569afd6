import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { HostMemory } from '../../../src/commands/node/memory.ts';
import type { HostProcess } from '../../../src/evidence/host/process.ts';
import { filesAsRead } from '../../../src/facts/host/files.ts';
import { filesOf, AFTER, BEFORE, STARTED, type HostFile } from '../../facts/host/documents.ts';

const PATH = '/var/lib/kubelet/config.yaml';
const FOLDER = '/etc/kubelet.d';
const TIME = { startedAt: STARTED, writesItself: false };
const LATER = new Date('2026-03-01T14:00:00Z');

function processOf(changes: Partial<HostProcess> = {}): HostProcess {
  return {
    ...{ pid: 7, directory: '/proc/self', argv: ['kubelet'], cut: false, parent: 1, startTicks: 500 },
    ...{ variables: new Map<string, string>(), problems: [], ...changes },
  };
}

/** What the audits of a process read, one after the other, each with the files as they are then. */
function audits(
  moments: readonly Readonly<Record<string, string | HostFile>>[],
  process: (at: number) => HostProcess = () => processOf(),
): readonly string[] {
  const memory = new HostMemory();
  return moments.map((entries, at) => {
    memory.begin();
    const files = filesAsRead(memory.of(process(at), filesOf(entries)), TIME);
    const content = files.readFile(PATH);
    const dropIns = files.readDropIns(FOLDER);
    const text = content.state === 'read' ? content.text : content.state;
    return `${text} ${'state' in dropIns ? dropIns.state : dropIns.map((file) => file.text).join('+')}`;
  });
}

const dropIn = (text: string, changed: Date) => ({
  [`${FOLDER}/`]: { text: '', changed },
  [`${FOLDER}/a.conf`]: { text, changed },
});

describe('a file that is written again with the same content', () => {
  const was = { [PATH]: 'old', ...dropIn('d', BEFORE) };
  const again = { [PATH]: { text: 'old', changed: AFTER }, ...dropIn('d', AFTER) };

  test('counts as unchanged for who has read it before, and for nobody else', () => {
    expect(audits([was, again])).toEqual(['old d', 'old d']);
    expect(audits([again, again])).toEqual(['unreadable unreadable', 'unreadable unreadable']);
  });

  test('counts as changed if its content is another, until it is the first one again', () => {
    const other = { [PATH]: { text: 'new', changed: AFTER }, ...dropIn('x', AFTER) };
    const back = { [PATH]: { text: 'old', changed: LATER }, ...dropIn('d', LATER) };
    expect(audits([was, other, back])).toEqual(['old d', 'unreadable unreadable', 'old d']);
  });

  test('counts as changed if there is another file beside it', () => {
    const more = { ...was, ...dropIn('d', AFTER), [`${FOLDER}/b.conf`]: { text: 'b', changed: AFTER } };
    expect(audits([was, more])).toEqual(['old d', 'old unreadable']);
  });

  test.each([
    ['with the same number', { startTicks: 900 }],
    ['that has become another program', { programTicks: 900 }],
  ])('is not known of another process %s', (_what, changes) => {
    expect(audits([was, again], (at) => processOf(at === 0 ? {} : changes))).toEqual([
      'old d',
      'unreadable unreadable',
    ]);
  });

  test('is forgotten with its process', () => {
    const memory = new HostMemory();
    memory.begin();
    memory.of(processOf(), filesOf(was)).stat(PATH);
    memory.begin();
    memory.begin();
    const status = memory.of(processOf(), filesOf(again)).stat(PATH);
    expect(status).toMatchObject({ changed: AFTER });
  });

  test('never makes content count that the process has not read, whatever is written in between', () => {
    const text = fc.constantFrom('a', 'b', 'c');
    fc.assert(
      fc.property(text, fc.array(text, { minLength: 1, maxLength: 8 }), (first, writes) => {
        const moments = writes.map((each, at) => ({ [PATH]: { text: each, changed: new Date(AFTER.getTime() + at) } }));
        const seen = audits([{ [PATH]: first }, ...moments]).map((line) => line.split(' ')[0]);
        expect(seen).toEqual([first, ...writes.map((each) => (each === first ? first : 'unreadable'))]);
      }),
    );
  });
});

test('a process has ended if its number is free, or another process has it', () => {
  const memory = new HostMemory();
  const ended = (process: HostProcess): boolean => {
    memory.begin();
    memory.of(process, filesOf({}));
    return memory.hasEnded();
  };
  expect(ended(processOf({ directory: '/proc/0' }))).toBe(true);
  expect(ended(processOf({ startTicks: 1 }))).toBe(true);
});
