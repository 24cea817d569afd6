// The layout for narrow screens: kube-apiservers, CAs and kubelets below each other. Each CA has a lane at each side.

import { sizedBox, type Box } from './boxes.ts';
import type { Diagram, Edge } from './diagram.ts';
import type { Caption, DrawnEdge, Drawing } from './drawing.ts';
import type { Item } from './items.ts';
import { strokeOf, type Headings } from './wide.ts';

const WIDTH = 360;
const GUTTER = 33;
const BOX = WIDTH - 2 * GUTTER;
const BETWEEN = 10;
const BETWEEN_PARTS = 22;
const HEAD = 46;
/** The height of the note in a head. */
const NOTE = 17;
const CORNER = 5;

/** Places everything in one column. */
export function stackedDrawing({ left, middle, right, edges }: Diagram, headings: Headings): Drawing {
  let y = 0;
  const captions: Caption[] = [];
  const part = (all: readonly Item[], heading: string, note: string): readonly Box[] => {
    captions.push({ x: GUTTER, y: y + 18, text: heading, anchor: 'start', role: 'heading' });
    captions.push({ x: GUTTER, y: y + 35, text: note, anchor: 'start', role: 'note' });
    y += note === '' ? HEAD - NOTE : HEAD;
    const boxes = all.map((item) => {
      const box = { ...sizedBox(item, BOX), x: GUTTER, y };
      y += box.height + BETWEEN;
      return box;
    });
    y += BETWEEN_PARTS - BETWEEN;
    return boxes;
  };
  const placed = {
    left: part(left, headings.left, 'client certificate presented, issued by \u2193'),
    middle: part(middle, headings.middle, ''),
    right: part(right, headings.right, 'client certificates accepted, issued by \u2191'),
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

/** The farthest box of a lane draws the lane, the others lead into it. */
function edgesBetween(placed: Placed, edges: readonly Edge[]): DrawnEdge[] {
  return edges.flatMap((edge) => {
    const box = placed[edge.side][edge.from];
    const ca = placed.middle[edge.to];
    if (box === undefined || ca === undefined) return [];
    const same = edges.filter(({ side }) => side === edge.side);
    const lanes = [...new Set(same.map(({ to }) => to))].sort((a, b) => a - b);
    const lane = laneOf(edge.side, lanes.indexOf(edge.to), lanes.length);
    const others = same.filter(({ to }) => to === edge.to).map(({ from }) => from);
    const isFarthest = edge.from === (edge.side === 'left' ? Math.min(...others) : Math.max(...others));
    const path = isFarthest ? lanePath(lane, centre(box), centre(ca)) : `M${lane.edge} ${centre(box)}H${lane.x}`;
    return [{ path, width: Math.min(3, strokeOf(edge.count)), standing: edge.standing, isDashed: edge.isDashed }];
  });
}

function centre({ y, height }: Box): number {
  return y + height / 2;
}

/** Where a lane is: the side of the boxes, the lane, and the direction from one to the other. */
interface Lane {
  readonly edge: number;
  readonly x: number;
  readonly out: 1 | -1;
}

function laneOf(side: Edge['side'], index: number, count: number): Lane {
  const away = count === 1 ? GUTTER / 3 : Math.round(8 + (index * (GUTTER - 12)) / (count - 1));
  return side === 'left'
    ? { edge: GUTTER, x: GUTTER - away, out: -1 }
    : { edge: WIDTH - GUTTER, x: WIDTH - GUTTER + away, out: 1 };
}

/** A path out of a box, along a lane, and into another box, with round corners. */
function lanePath({ edge, x, out }: Lane, from: number, to: number): string {
  const down = Math.sign(to - from);
  return [
    `M${edge} ${from}H${x - out * CORNER}`,
    `Q${x} ${from} ${x} ${from + down * CORNER}`,
    `V${to - down * CORNER}`,
    `Q${x} ${to} ${x - out * CORNER} ${to}`,
    `H${edge}`,
  ].join('');
}
