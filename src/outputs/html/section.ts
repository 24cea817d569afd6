// The parts of the page: types only.

import type { ReportedFinding, ReportHead } from '../guard-report.ts';
import type { RenderContext } from '../render.ts';
import type { Html } from './html.ts';
import type { LiveState } from './live.ts';

/** What the page is made of, beside the findings. */
export interface PageInput {
  /** The report without its findings; undefined if there is none yet. */
  readonly head: ReportHead | undefined;
  readonly context: Pick<RenderContext, 'controls' | 'digest' | 'nothing'>;
  /** What only a running `serve` knows; undefined in a file. */
  readonly live: LiveState | undefined;
}

/** A part of the page. It gets each finding once, in any order, and is then rendered. */
export interface Section {
  readonly add?: (finding: ReportedFinding) => void;
  /** Its heading and content; undefined if it has nothing to say. */
  readonly render: () => Html | undefined;
}
