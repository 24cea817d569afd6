// The layout for narrow screens: kube-apiservers, CAs and kubelets below each other. Each CA has a lane at each side.

import { sizedBox, type Box } from './boxes.ts';
import type { Diagram, Edge } from './diagram.ts';
import type { Caption, DrawnEdge, Drawing } from './drawing.ts';
import type { Item } from './items.ts';
import { strokeOf, type Headings } from './wide.ts';

const WIDTH = 360;
const GUTTER = 34;
const BOX = WIDTH - 2 * GUTTER;
const BETWEEN = 10;
const BETWEEN_PARTS = 22;
const HEAD = 46;
const CORNER = 5;

/** Places everything in one column. */
export function stackedDrawing({ left, middle, right, edges }: Diagram, headings: Headings): Drawing {
  let y = 0;
  const captions: Caption[] = [];
  const part = (all: readonly Item[], heading: string, note: string): readonly Box[] => {
    captions.push({ x: GUTTER, y: y + 18, text: heading, anchor: 'start', role: 'heading' });
    captions.push({ x: GUTTER, y: y + 35, text: note, anchor: 'start', role: 'note' });
    y += HEAD;
    const boxes = all.map((item) => {
      const box = { ...sizedBox(item, BOX), x: GUTTER, y };
      y += box.height + BETWEEN;
      return box;
    });
    y += BETWEEN_PARTS - BETWEEN;
    return boxes;
  };
  const placed = {
    left: part(left, headings.left, 'present a client certificate, issued by \u2193'),
    middle: part(middle, headings.middle, ''),
    right: part(right, headings.right, 'accept client certificates, issued by \u2191'),
  };
  return {
    name: 'stacked',
    width: WIDTH,
    height: y - BETWEEN_PARTS + 1,
    boxes: [...placed.left, ...placed.middle, ...placed.right],
    edges: edgesBetween(placed, edges),
    stubs: [],
    captions: captions.filter(({ text }) => text !== ''),
  };
}

type Placed = Readonly<Record<'left' | 'middle' | 'right', readonly Box[]>>;

function edgesBetween(placed: Placed, edges: readonly Edge[]): DrawnEdge[] {
  return edges.flatMap((edge) => {
    const side = placed[edge.side][edge.from];
    const ca = placed.middle[edge.to];
    if (side === undefined || ca === undefined) return [];
    const lanes = [...new Set(edges.filter((other) => other.side === edge.side).map(({ to }) => to))].sort(
      (a, b) => a - b,
    );
    const path = lanePath(middleOf(side), middleOf(ca), laneAt(lanes.indexOf(edge.to), lanes.length), edge.side);
    return [{ path, width: Math.min(3, strokeOf(edge.count)), standing: edge.standing, isDashed: edge.isDashed }];
  });
}

function middleOf({ y, height }: Box): number {
  return y + height / 2;
}

/** How far a lane is from the boxes. */
function laneAt(index: number, count: number): number {
  return Math.round(10 + (index * (GUTTER - 16)) / Math.max(1, count - 1));
}

/** A path out of a box, along a lane, and into another box, with round corners. */
function lanePath(from: number, to: number, lane: number, side: Edge['side']): string {
  const [edge, out] = side === 'left' ? [GUTTER, -1] : [WIDTH - GUTTER, 1];
  const x = edge + out * lane;
  const down = Math.sign(to - from);
  const corner = Math.min(CORNER, Math.abs(to - from) / 2);
  return [
    `M${edge} ${from}H${x - out * corner}`,
    `Q${x} ${from} ${x} ${from + down * corner}`,
    `V${to - down * corner}`,
    `Q${x} ${to} ${x - out * corner} ${to}`,
    `H${edge}`,
  ].join('');
}
