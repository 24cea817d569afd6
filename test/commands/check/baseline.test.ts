import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { Finding } from '../../../src/policy/finding.ts';
import type { Outcome, Violation } from '../../../src/policy/outcome.ts';
import type { Source } from '../../../src/policy/reading.ts';
import { compareWithBaseline } from '../../../src/commands/check/baseline.ts';
import type { GuardReport } from '../../../src/outputs/guard-report.ts';
import { renderJson } from '../../../src/outputs/formats/json.ts';
import { reportRun } from '../../../src/outputs/report.ts';
import { apiServerFinding, kubeletFinding, outcomes } from '../../support/findings.ts';

const run = { id: 'now', entrance: 'check', startedAt: '', finishedAt: '' } as const;

function report(...findings: readonly Finding[]): GuardReport {
  return reportRun({ ...run, id: 'before', finishedAt: '2026-11-23T06:00:01.000Z' }, { findings, problems: [] });
}

function failing(...codes: readonly [string, ...string[]]): Outcome {
  const [first, ...rest] = codes.map((code): Violation => ({ code, setting: '--x', message: code }));
  if (first === undefined) throw new TypeError('needs a code');
  return { result: 'fail', violations: [first, ...rest], problems: [], warnings: [] };
}

/** A kubelet's configuration in a file: they all have the same name. */
function inFile(path: string, outcome: Outcome = outcomes.pass, document = 0): Finding {
  const subject = { component: 'kubelet', name: 'KubeletConfiguration', kind: 'KubeletConfiguration' } as const;
  return kubeletFinding({ subject, source: { path, document }, outcome });
}

function compare(before: readonly Finding[], now: readonly Finding[]): GuardReport {
  return compareWithBaseline(report(...now), report(...before));
}

/** The sources of the findings that are worse. */
function worse(before: readonly Finding[], now: readonly Finding[]): Source[] {
  return compare(before, now).findings.map(({ source }) => source);
}

const at = (path: string, document = 0): Source => ({ path, document });
const { pass, unknown } = outcomes;

describe('a finding', () => {
  test.each([
    ['passed', 'passes', pass, pass, false],
    ['passed', 'fails', pass, failing('a'), true],
    ['passed', 'is unknown', pass, unknown, true],
    ['failed', 'passes', failing('a'), pass, false],
    ['failed', 'fails in the same way', failing('a'), failing('a'), false],
    ['failed', 'fails in fewer ways', failing('a', 'b'), failing('b'), false],
    ['failed', 'fails in another way', failing('a'), failing('b'), true],
    ['failed', 'fails in one more way', failing('a'), failing('a', 'b'), true],
    ['failed', 'is unknown', failing('a'), unknown, false],
    ['was unknown', 'passes', unknown, pass, false],
    ['was unknown', 'fails', unknown, failing('a'), true],
    ['was unknown', 'is unknown', unknown, unknown, false],
  ])('that %s before and %s now', (_before, _now, before, now, expected) => {
    expect(worse([inFile('x', before)], [inFile('x', now)])).toHaveLength(expected ? 1 : 0);
  });

  test.each([
    ['passes', pass, false],
    ['fails', failing('a'), true],
    ['is unknown', unknown, true],
  ])('that is new and %s', (_now, now, expected) => {
    expect(worse([apiServerFinding()], [inFile('x', now)])).toHaveLength(expected ? 1 : 0);
  });
});

describe('a subject', () => {
  test('is recognised if its line, its file and its document change', () => {
    const before = [apiServerFinding({ outcome: outcomes.fail })];
    const [violation] = outcomes.fail.violations;
    const moved = { ...outcomes.fail, violations: [{ ...violation, origin: { layer: 'flag', line: 99 } }] } as const;
    expect(worse(before, [apiServerFinding({ source: at('elsewhere.yaml', 3), outcome: moved })])).toStrictEqual([]);
  });

  test.each(['namespace', 'kind', 'name', 'container'] as const)('is a different one if its %s differs', (part) => {
    const subject = { ...apiServerFinding().subject, [part]: 'other' };
    const { fail } = outcomes;
    expect(worse([apiServerFinding({ outcome: fail })], [apiServerFinding({ outcome: fail, subject })])).toHaveLength(
      1,
    );
  });

  test.each([
    ['./x/w.yaml', 'x/w.yaml'],
    ['x//w.yaml', 'x/w.yaml'],
    ['x/../x/./w.yaml', 'x/w.yaml'],
    ['/builds/1/x/w.yaml', 'x/w.yaml'],
    ['w.yaml', '/x/w.yaml'],
    ['../x/w.yaml', 'x/w.yaml'],
  ])('in %s is recognised in %s, beside another subject of the same name', (before, now) => {
    // the two have opposite results: if they were confused, one of them would be worse
    const old = [inFile(before, failing('a')), inFile(before.replace('w.', 'v.'))];
    expect(worse(old, [inFile(now, failing('a')), inFile(now.replace('w.', 'v.'))])).toStrictEqual([]);
    expect(worse(old, [inFile(now), inFile(now.replace('w.', 'v.'), failing('a'))])).toStrictEqual([
      at(now.replace('w.', 'v.')),
    ]);
  });

  test('is recognised by the end of its path', () => {
    const before = [inFile('old/cp-1/k.yaml', failing('a')), inFile('old/cp-2/k.yaml')];
    expect(worse(before, [inFile('new/cp-1/k.yaml', failing('a')), inFile('new/cp-2/k.yaml')])).toStrictEqual([]);
    expect(worse(before, [inFile('new/cp-1/k.yaml'), inFile('new/cp-2/k.yaml', failing('a'))])).toStrictEqual([
      at('new/cp-2/k.yaml'),
    ]);
  });

  test('is recognised in a renamed file if there is only one', () => {
    expect(worse([inFile('old.yaml', failing('a'))], [inFile('new.yaml', failing('a'))])).toStrictEqual([]);
    const other = inFile('stays.yaml');
    expect(worse([inFile('old.yaml', failing('a')), other], [other, inFile('new.yaml', failing('a'))])).toStrictEqual(
      [],
    );
  });

  test('is new if it could be either of two old ones', () => {
    const before = [inFile('a.yaml', failing('a')), inFile('b.yaml', failing('a'))];
    expect(worse(before, [inFile('c.yaml', failing('a'))])).toStrictEqual([at('c.yaml')]);
  });

  test('matches only one old subject: the copy of a failing one is new', () => {
    const one = inFile('a.yaml', failing('a'));
    expect(worse([one], [one, inFile('b.yaml', failing('a'))])).toStrictEqual([at('b.yaml')]);
    expect(worse([one], [one, inFile('a.yaml', failing('a'), 1)])).toStrictEqual([at('a.yaml', 1)]);
  });

  test('is matched with one of the same result first if its place is ambiguous', () => {
    const twice = [inFile('a.yaml', failing('a')), inFile('a.yaml', failing('b'))];
    expect(worse(twice, [inFile('a.yaml', failing('b'))])).toStrictEqual([]);
    const before = [inFile('a.yaml'), inFile('a.yaml', failing('a'), 1)];
    expect(worse(before, [inFile('a.yaml', failing('a'), 2)])).toStrictEqual([]);
  });

  test('may move within its file, but two subjects may not swap places', () => {
    const before = [inFile('a.yaml', failing('a'))];
    expect(worse(before, [inFile('a.yaml', failing('a'), 4)])).toStrictEqual([]);
    expect(
      worse([...before, inFile('a.yaml', pass, 1)], [inFile('a.yaml'), inFile('a.yaml', failing('a'), 1)]),
    ).toStrictEqual([at('a.yaml', 1)]);
  });
});

describe('an exemption', () => {
  const exemption = { control: 'kubelet-client-ca', subject: '*/*', reason: 'r', expires: '2027-01-31' };
  const exempted = (finding: Finding) => reportRun(run, { findings: [finding], problems: [] }, () => exemption);
  const broken = inFile('x', failing('a'));

  test('in the baseline does not cover a finding that is no longer exempt', () => {
    expect(compareWithBaseline(report(broken), exempted(broken)).findings).toHaveLength(1);
    expect(compareWithBaseline(exempted(broken), exempted(broken)).findings).toHaveLength(0);
  });

  test('does not hide a finding that is worse', () => {
    const { findings, summary } = compareWithBaseline(exempted(broken), report(inFile('x')));
    expect(findings).toMatchObject([{ exempted: { reason: 'r' } }]);
    expect(summary).toStrictEqual({ pass: 0, fail: 0, unknown: 0, exempted: 1 });
  });
});

test('the report counts the findings that it does not show', () => {
  const before = [inFile('a', failing('a')), inFile('b', unknown), inFile('c', failing('a')), inFile('d')];
  const now = [inFile('a'), inFile('b', unknown), inFile('c', failing('a', 'b'))];
  expect(compare(before, now)).toMatchObject({
    summary: { pass: 0, fail: 1, unknown: 0 },
    run: {
      complete: true,
      baseline: {
        id: 'before',
        finishedAt: '2026-11-23T06:00:01.000Z',
        notShown: { pass: 1, fail: 0, unknown: 1 },
        mended: 1,
        gone: 1,
      },
    },
  });
});

describe('for any findings', () => {
  const outcome = fc.oneof(
    fc.constantFrom<Outcome[]>(pass, unknown),
    fc.subarray(['a', 'b', 'c'], { minLength: 1 }).map((codes) => failing(...(codes as [string]))),
  );
  const finding = fc
    // no two spellings of one path: findings that differ only in the spelling are interchangeable
    .tuple(fc.constantFrom('x', 'x/y', 'z/y', '/x/y', '../y'), outcome, fc.nat(2), fc.boolean())
    .map(([path, result, document, named]) =>
      named ? kubeletFinding({ source: at(path, document), outcome: result }) : inFile(path, result, document),
    );
  const findings = fc.array(finding, { maxLength: 8 });

  test('a run is never worse than itself, in any order', () => {
    fc.assert(
      fc.property(findings, (all) => {
        expect(compare(all, all).run.baseline).toMatchObject({ mended: 0, gone: 0 });
        expect(worse(all, all)).toStrictEqual([]);
        expect(worse(all, all.toReversed())).toStrictEqual([]);
      }),
    );
  });

  test('an added violation is always worse', () => {
    fc.assert(
      fc.property(findings, finding, fc.nat(), (others, one, position) => {
        const { outcome: before } = one;
        const known = before.result === 'fail' ? before.violations.map(({ code }) => code) : [];
        const after = { ...one, outcome: failing('added', ...known) };
        const insert = (it: Finding) => others.toSpliced(position % (others.length + 1), 0, it);
        expect(compare(insert(one), insert(after)).summary.fail).toBeGreaterThan(0);
      }),
    );
  });

  test('a new failing finding is always worse', () => {
    fc.assert(
      fc.property(findings, finding, (all, one) => {
        const { summary } = compare(all, [...all, { ...one, outcome: failing('added') }]);
        expect(summary.fail).toBeGreaterThan(0);
      }),
    );
  });

  test('the order of findings does not matter', () => {
    const contentOf = ({ findings: shown, run: { baseline } }: GuardReport) => [
      baseline,
      shown.map((entry) => JSON.stringify(entry)).sort(),
    ];
    fc.assert(
      fc.property(findings, findings, (before, now) => {
        expect(contentOf(compare(before.toReversed(), now.toReversed()))).toStrictEqual(
          contentOf(compare(before, now)),
        );
      }),
    );
  });

  test('each finding is either shown or counted', () => {
    fc.assert(
      fc.property(findings, findings, (before, now) => {
        const { summary, run: ran } = compare(before, now);
        const counts = [summary, ran.baseline?.notShown].flatMap((each) => [each?.pass, each?.fail, each?.unknown]);
        expect(counts.reduce<number>((sum, count) => sum + (count ?? NaN), 0)).toBe(now.length);
      }),
    );
  });
});

test('thousands of files with the same name can be compared', () => {
  const files = (folder: string) =>
    Array.from({ length: 3000 }, (_, index) => inFile(`${folder}/${index}/kubelet.yaml`, failing('a')));
  const { findings } = compare(files('before'), files('now'));
  expect(findings).toHaveLength(0);
});

test('a stored report compares like the report itself', () => {
  const now = report(inFile('x', failing('a')));
  const stored = JSON.parse(renderJson(now)) as GuardReport;
  expect(compareWithBaseline(now, stored)).toStrictEqual(compareWithBaseline(now, now));
});
