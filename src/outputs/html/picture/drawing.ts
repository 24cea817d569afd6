// The geometry of the picture: types only.

import type { Standing } from '../../standing.ts';
import type { Box } from './boxes.ts';

/** A line between a box and the box of a CA. */
export interface DrawnEdge {
  /** An SVG path. */
  readonly path: string;
  readonly width: number;
  readonly standing: Standing;
  readonly isDashed: boolean;
}

/** The end of a line that leads to no CA. */
export interface Stub {
  readonly kind: 'nothing' | 'unknown';
  readonly standing: Standing;
  readonly from: number;
  readonly to: number;
  readonly y: number;
}

/** A text outside of the boxes. */
export interface Caption {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly anchor: 'start' | 'middle';
  readonly role: 'heading' | 'note';
}

/** Everything that is drawn. */
export interface Drawing {
  readonly name: 'wide' | 'stacked';
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly edges: readonly DrawnEdge[];
  readonly stubs: readonly Stub[];
  readonly captions: readonly Caption[];
}
