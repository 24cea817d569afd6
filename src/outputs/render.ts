// What the file of an output format exports: types only.

import type { StreamedReport } from './guard-report.ts';

/** How a report for people looks. Formats for programs ignore it. */
export interface TextStyle {
  /** Use colours, for a terminal. */
  readonly color: boolean;
  /** Do not list what passed. */
  readonly quiet: boolean;
  /** Give each finding of a sweep its own block, also where many differ only in the names of their nodes. */
  readonly all?: boolean;
}

/** Renders a report. It is pure, and escapes whatever came from files. */
export type Render = (report: StreamedReport, style: TextStyle) => string;
