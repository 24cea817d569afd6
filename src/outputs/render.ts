// What the file of an output format exports: types only.

import type { ControlMetadata } from '../policy/control.ts';
import type { StreamedReport } from './guard-report.ts';
import type { ShownResult } from './shown-result.ts';

/** How a report for people looks. Formats for programs ignore it. */
export interface TextStyle {
  /** Use colours, for a terminal. */
  readonly color: boolean;
  /** Do not list what passed. */
  readonly quiet: boolean;
  /** List each finding, also where many differ only in names, and all passes. */
  readonly all?: boolean;
  /** How wide a line of prose may be, in columns; 100 if undefined. */
  readonly width?: number;
  /** List only findings with these results. The summary counts all. */
  readonly results?: readonly ShownResult[];
}

/** What formats for programs need beside the report. */
export interface RenderContext {
  /** Every control that findings can refer to. */
  readonly controls: readonly ControlMetadata[];
  /** Makes a short text of lower-case letters and digits that no other text has. */
  readonly digest: (text: string) => string;
  /** Why it is a failure that nothing was checked; absent if something was, or if that is no failure. */
  readonly nothing?: string | undefined;
}

/** Renders a report. It is pure, and escapes whatever came from files. */
export type Render = (report: StreamedReport, style: TextStyle, context: RenderContext) => string;
