// The verdicts of a page: the result of the link or of the findings, and what limits it. Each is a word and what it is about.

import type { ReportHead } from '../../guard-report.ts';
import type { ShownResult } from '../../shown-result.ts';
import { millisecondsOf } from '../../../policy/timestamp.ts';
import { durationText } from '../ages.ts';
import { counted } from '../facts.ts';
import type { LiveState } from '../live.ts';
import { RESULT_WORDS } from '../marks.ts';
import type { Standing } from '../../standing.ts';
import type { PageInput } from '../section.ts';

/** A word with what it is about. */
export interface Verdict {
  /** What it counts as; `part` is neither good nor bad. */
  readonly result: Standing | 'part';
  readonly word: string;
  readonly about: string;
  /** The id of the section that has more. */
  readonly section?: string;
}

/** What needs work first. What fails after its next start counts as a violation. */
const SEVERITY: readonly Verdict['result'][] = ['fail', 'pending', 'unknown'];

/** How many components pass now and fail after their next start, or may. */
export interface NextStarts {
  readonly fail: number;
  readonly unknown: number;
}

/** The result of the link or of the findings, and everything that a reader must know beside it: the worst first. */
export function verdictsOf({ head, context, live }: PageInput, next: NextStarts): readonly Verdict[] {
  if (head === undefined) {
    return [{ result: 'unknown', word: 'NO REPORT', about: live?.noReport ?? 'nothing was checked' }];
  }
  const verdicts = [
    mainVerdict(head, context.nothing),
    ...besideLink(head),
    ...afterNextStart(next),
    ...incomplete(head),
    ...(live === undefined ? [] : [...lastSweep(live), ...age(head, live)]),
    ...part(head),
  ];
  return verdicts.toSorted((a, b) => severityOf(a) - severityOf(b));
}

function severityOf({ result }: Verdict): number {
  const at = SEVERITY.indexOf(result);
  return at === -1 ? SEVERITY.length : at;
}

function mainVerdict({ link, summary, run }: ReportHead, nothing: string | undefined): Verdict {
  if (nothing !== undefined) return { result: 'unknown', word: 'NOTHING CHECKED', about: nothing };
  if (link !== undefined) {
    return {
      result: link.result,
      word: RESULT_WORDS[link.result],
      about: 'the link between kube-apiserver and kubelets',
      section: 'link',
    };
  }
  const { baseline } = run;
  const { fail, unknown, pass, exempted = 0 } = summary;
  const worse = baseline === undefined ? '' : `, worse than the baseline${notShown(run)}`;
  if (fail > 0) return of('fail', `${counted(fail, 'finding fails', 'findings fail')}${worse}`);
  if (unknown > 0) return of('unknown', `${counted(unknown, 'finding is', 'findings are')} unknown${worse}`);
  const exempt = exempted === 0 ? '' : `, ${counted(exempted, 'is', 'are')} exempt`;
  if (pass > 0) return of('pass', `${counted(pass, 'finding passes', 'findings pass')}${exempt}`);
  if (exempted > 0) return of('exempt', `${counted(exempted, 'finding is', 'findings are')} exempt, and none passes`);
  if (baseline === undefined) return { result: 'unknown', word: 'NOTHING CHECKED', about: 'there is no finding' };
  return { result: 'part', word: 'NOT WORSE', about: `no finding is worse than the baseline${notShown(run)}` };
}

function of(result: ShownResult, about: string): Verdict {
  return { result, word: RESULT_WORDS[result], about, section: 'findings' };
}

/** What a baseline hides is named beside each verdict. */
function notShown({ baseline }: ReportHead['run']): string {
  const { fail = 0, unknown = 0 } = baseline?.notShown ?? {};
  return fail + unknown === 0 ? '' : `; not shown, because the baseline has them: ${fail} failed, ${unknown} unknown`;
}

/** Findings can be worse than the link, which two controls decide. */
function besideLink({ link, summary: { fail, unknown } }: ReportHead): readonly Verdict[] {
  if (link === undefined || link.result === 'fail') return [];
  if (fail > 0) return [of('fail', counted(fail, 'finding fails', 'findings fail'))];
  if (unknown === 0 || link.result === 'unknown') return [];
  return [of('unknown', `${counted(unknown, 'finding is', 'findings are')} unknown`)];
}

function afterNextStart({ fail, unknown }: NextStarts): readonly Verdict[] {
  const passes = (count: number) => counted(count, 'component passes', 'components pass');
  const their = (count: number) => (count === 1 ? 'its' : 'their');
  const of = (result: 'pending' | 'unknown', about: string): Verdict => {
    return { result, word: 'NEXT START', about, section: 'next-start' };
  };
  return [
    ...(fail === 0 ? [] : [of('pending', `${passes(fail)} only until ${their(fail)} next start`)]),
    ...(unknown === 0
      ? []
      : [of('unknown', `${passes(unknown)} now; after ${their(unknown)} next start that is unknown`)]),
  ];
}

function incomplete({ run: { complete, problems } }: ReportHead): readonly Verdict[] {
  if (complete) return [];
  const about = `${counted(problems.length, 'problem', 'problems')}: not everything was checked`;
  return [{ result: 'unknown', word: 'INCOMPLETE', about, section: 'run' }];
}

function lastSweep({ sweeper }: LiveState): readonly Verdict[] {
  if (sweeper?.incomplete === undefined) return [];
  const { problems } = sweeper.incomplete;
  const about = `the last sweep had ${counted(problems.length, 'problem', 'problems')}; this page shows the last complete one`;
  return [{ result: 'unknown', word: 'INCOMPLETE', about, section: 'run' }];
}

/** A report is old if two sweeps should have replaced it. */
function age({ run }: ReportHead, { now, sweeper }: LiveState): readonly Verdict[] {
  const [from, to] = [millisecondsOf(run.startedAt), millisecondsOf(now)];
  if (sweeper === undefined || from === undefined || to === undefined) return [];
  const interval = sweeper.intervalSeconds * 1000;
  if (to - from <= 2 * interval) return [];
  const about = `the last complete sweep began ${durationText(to - from)} ago, and one should begin every ${durationText(interval)}`;
  return [{ result: 'unknown', word: 'OLD', about, section: 'run' }];
}

function part({ run: { selection } }: ReportHead): readonly Verdict[] {
  if (selection === undefined) return [];
  const { controls, nodes, results } = selection;
  const parts = [listOf('control', controls), listOf('node', nodes), listOf('result', results)].filter(
    (text) => text !== '',
  );
  return [{ result: 'part', word: 'ONLY A PART', about: `selected: ${parts.join('; ')}` }];
}

function listOf(noun: string, names: readonly string[] | undefined): string {
  return names === undefined ? '' : `${noun}${names.length === 1 ? '' : 's'} ${names.join(', ')}`;
}
