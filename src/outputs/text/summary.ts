// The last lines of a text report: how many components fail, and what is incomplete or unknown.

import type { ReportedFinding, ReportHead, Summary } from '../guard-report.ts';
import type { ProblemCode } from '../../policy/reading.ts';
import { shownResultOf } from '../shown-result.ts';
import { STANDINGS, standingOf, type Standing } from '../standing.ts';

/** What is counted: components that run, and what declares their settings. */
const COUNTED = ['kube-apiserver', 'kubelet', 'kube-apiserver configuration', 'kubelet configuration'] as const;
type Counted = (typeof COUNTED)[number];

/** A component that does not pass, and why it counts. The first reason in this order counts. */
type Fault = Exclude<Standing, 'pass'>;
const FAULTS = STANDINGS.filter((standing) => standing !== 'pass');

/** Counts components, whatever the number of controls. Only those that do not pass are kept. */
export class Summing {
  readonly #counts = new Map<Counted, ComponentCounts>();
  readonly #codes = new Set<ProblemCode>();

  add(finding: ReportedFinding): void {
    const { subject, vantage, problems } = finding;
    const counted = vantage === 'declared' ? (`${subject.component} configuration` as const) : subject.component;
    const counts = this.#counts.get(counted) ?? new ComponentCounts();
    this.#counts.set(counted, counts);
    counts.add(finding);
    if (shownResultOf(finding) === 'unknown') for (const { code } of problems) this.#codes.add(code);
  }

  /** Whether nothing was checked, or is worse than the baseline. */
  isEmpty({ run: { baseline } }: ReportHead): boolean {
    return this.#counts.size === 0 && (baseline === undefined || total(baseline.notShown) === 0);
  }

  render(head: ReportHead): string[] {
    const { baseline } = head.run;
    const counts = COUNTED.flatMap((noun) => this.#counts.get(noun)?.render(noun, baseline !== undefined) ?? []);
    const shown = counts.join('; ');
    const nothing = baseline === undefined ? 'nothing was checked' : 'nothing is worse than the baseline';
    const worse = baseline === undefined ? shown : `worse than the baseline: ${shown}`;
    const rest = baseline === undefined ? '' : `; not worse: ${findings(baseline.notShown)}`;
    return [`${shown === '' ? nothing : worse}${rest}`, ...incomplete(head), ...nextStep(this.#codes, head.run)];
  }
}

/** Counts the components of one kind. */
class ComponentCounts {
  readonly #faults = new Map<string, Fault>();
  readonly #others = new Set<string>();
  /** A component on a node has one finding for each control, so nodes need not be kept to be counted. */
  readonly #onNodes = new Map<string, number>();

  add(finding: ReportedFinding): void {
    const { control, subject } = finding;
    const standing = standingOf(finding);
    const fault = standing === 'pass' ? undefined : standing;
    if (subject.kind === 'Node') this.#onNodes.set(control, (this.#onNodes.get(control) ?? 0) + 1);
    if (subject.kind === 'Node' && fault === undefined) return;
    const key = keyOf(finding);
    if (subject.kind !== 'Node') this.#others.add(key);
    if (fault === undefined) return;
    const known = this.#faults.get(key);
    if (known === undefined || FAULTS.indexOf(fault) < FAULTS.indexOf(known)) this.#faults.set(key, fault);
  }

  /** @param isPart not all components are shown */
  render(noun: Counted, isPart: boolean): string {
    const all = this.#others.size + Math.max(0, ...this.#onNodes.values());
    const faults = FAULTS.flatMap((fault) => {
      const count = [...this.#faults.values()].filter((known) => known === fault).length;
      return count === 0 ? [] : [{ fault, count }];
    });
    const [first, ...others] = faults;
    if (first === undefined) return `${all} ${plural(noun, all)} ${all === 1 ? 'passes' : 'pass'}`;
    const of = isPart || all === 1 ? '' : ` of ${all}`;
    const head = `${first.count}${of} ${plural(noun, of === '' ? first.count : all)} ${VERBS[first.fault](first.count)}`;
    return [head, ...others.map(({ fault, count }) => `${count} ${SHORT[fault](count)}`)].join(', ');
  }
}

const VERBS = {
  fail: (count: number) => (count === 1 ? 'fails' : 'fail'),
  pending: (count: number) => (count === 1 ? 'passes until its next start' : 'pass until their next start'),
  unknown: (count: number) => (count === 1 ? 'is unknown' : 'are unknown'),
  exempt: (count: number) => (count === 1 ? 'is exempt' : 'are exempt'),
} as const satisfies Record<Fault, unknown>;

const SHORT = { ...VERBS, unknown: () => 'unknown', exempt: () => 'exempt' } as const;

function keyOf({ subject, source }: ReportedFinding): string {
  const { kind = '', namespace = '', name, container = '' } = subject;
  const place = 'path' in source ? [source.path, source.document] : [];
  return JSON.stringify([kind, namespace, name, container, ...place]);
}

function plural(noun: string, count: number): string {
  return count === 1 ? noun : `${noun}s`;
}

function total({ pass, fail, unknown, exempted = 0 }: Summary): number {
  return pass + fail + unknown + exempted;
}

/** The findings that a report does not show. */
function findings({ fail, pass, unknown, exempted }: Summary): string {
  return `${fail} failed, ${pass} passed, ${unknown} unknown${exempted === undefined ? '' : `, ${exempted} exempt`}`;
}

function incomplete({ run: { problems } }: ReportHead): string[] {
  if (problems.length === 0) return [];
  const areFiles = problems.every(({ source }) => 'path' in source);
  const noun = areFiles ? (problems.length === 1 ? 'file was' : 'files were') : undefined;
  const what = noun === undefined ? plural('problem', problems.length) : `${noun} not checked`;
  return [`incomplete: ${problems.length} ${what}, listed on standard error`];
}

/** What decides what is unknown. The reasons in the report have the details. */
function nextStep(codes: ReadonlySet<ProblemCode>, run: ReportHead['run']): string[] {
  if (codes.size === 0) return [];
  const steps = STEPS.filter((step) => step.codes.some((code) => codes.has(code))).map(({ does }) => does(run));
  const isAll = [...codes].every((code) => STEPS.some((step) => step.codes.includes(code)));
  return [
    `next, for what is unknown: ${[...new Set(steps), ...(isAll ? [] : ['do what its reasons say'])].join('; ')}`,
  ];
}

const PROCESS = 'check the process itself, with kubelet-guard node or kubelet-guard sweep';
const STEPS: readonly { readonly codes: readonly ProblemCode[]; readonly does: (run: ReportHead['run']) => string }[] =
  [
    {
      codes: ['forbidden', 'unauthorized'],
      does: (run) => (run.entrance === 'node' ? 'run it as root' : 'get the rights that its reasons name'),
    },
    {
      codes: ['unreachable', 'timeout'],
      does: () => 'run it where the nodes can be reached, for example in the cluster',
    },
    {
      codes: ['not-visible', 'tls-version'],
      does: (run) => (run.entrance === 'check' ? PROCESS : 'add the evidence that its reasons name'),
    },
    {
      codes: ['unresolved', 'unknown-wrapper', 'not-mounted', 'relative-path'],
      does: (run) => (run.entrance === 'check' ? PROCESS : 'do what its reasons say'),
    },
  ];
