// How to fix what failed: each distinct remedy once.

import { failsAfterStart } from '../alike.ts';
import type { ReportedFinding } from '../guard-report.ts';
import { escapeLine } from '../printable.ts';
import { wrap, INDENT } from './lines.ts';
import { listedNameOf } from './names.ts';
import { compareNatural, compareTexts, FirstNames, MOST_NAMES } from './natural.ts';
import { shownResultOf } from '../shown-result.ts';
import { compareControls } from './order.ts';

/** How many benchmarks are named; `explain` names all. */
const MOST_REFERENCES = 3;

interface Remedy extends Pick<ReportedFinding, 'control' | 'remediation'> {
  /** The benchmark's id of each finding. */
  readonly references: Set<string>;
  readonly names: FirstNames;
}

/** Collects the remedies of what fails, or will fail after the next start. */
export class Remedies {
  readonly #remedies = new Map<string, Remedy>();

  add(finding: ReportedFinding): void {
    const { control, remediation, references, exempted } = finding;
    if (exempted !== undefined || (shownResultOf(finding) !== 'fail' && !failsAfterStart(finding))) return;
    const key = JSON.stringify([control, remediation]);
    const known = this.#remedies.get(key);
    const remedy = known ?? { control, remediation, references: new Set(), names: new FirstNames(MOST_NAMES) };
    const [shown] = references;
    if (shown !== undefined) remedy.references.add(shown);
    remedy.names.add(listedNameOf(finding));
    this.#remedies.set(key, remedy);
  }

  /** The lines of each remedy. Only where a control has several, each says which subjects it is for. */
  render(width: number): string[] {
    const all = [...this.#remedies.values()].sort(
      (a, b) => compareControls(a.control, b.control) || compareTexts(a.remediation, b.remediation),
    );
    return all.flatMap(({ control, remediation, references, names }) => {
      const isOnly = all.filter((other) => other.control === control).length === 1;
      return [
        escapeLine(`To fix ${control}${isOnly ? '' : ` of ${names.toString()}`}:`),
        ...wrap(escapeLine(remediation), width),
        ...wrap(escapeLine(referencesIn(references)), width),
        `${INDENT}More: kubelet-guard explain ${escapeLine(control)}`,
      ];
    });
  }
}

function referencesIn(shown: ReadonlySet<string>): string {
  const references = [...shown].sort(compareNatural);
  const more = references.length - MOST_REFERENCES;
  return `${references.slice(0, MOST_REFERENCES).join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}
