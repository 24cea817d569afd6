// The layout for wide screens and paper: kube-apiservers, CAs and kubelets in three columns.

import { sizedBox, type Box } from './boxes.ts';
import type { Diagram, Edge } from './diagram.ts';
import type { Caption, DrawnEdge, Drawing, Stub } from './drawing.ts';
import type { Item } from './items.ts';

const WIDTH = 1000;
const SIDE = 286;
const MIDDLE = 226;
/** The places of the columns. Lines are half a pixel outside of boxes. */
const LEFT_AT = 1;
const MIDDLE_AT = (WIDTH - MIDDLE) / 2;
const RIGHT_AT = WIDTH - SIDE - 1;
const HEAD = 54;
const BETWEEN = 12;
const BETWEEN_CAS = 20;
const STUB = 44;

/** Headings of the three columns. */
export interface Headings {
  readonly left: string;
  readonly middle: string;
  readonly right: string;
}

/** Places everything in three columns. */
export function wideDrawing({ left, middle, right, edges }: Diagram, headings: Headings): Drawing {
  const columns = {
    left: column(left, LEFT_AT, SIDE, BETWEEN),
    middle: column(middle, MIDDLE_AT, MIDDLE, BETWEEN_CAS),
    right: column(right, RIGHT_AT, SIDE, BETWEEN),
  };
  const height = Math.max(...Object.values(columns).map(({ height: own }) => own));
  const placed = {
    left: centred(columns.left, height),
    middle: centred(columns.middle, height),
    right: centred(columns.right, height),
  };
  return {
    name: 'wide',
    width: WIDTH,
    height: HEAD + height + 1,
    boxes: [...placed.left, ...placed.middle, ...placed.right],
    edges: edgesBetween(placed, edges),
    stubs: [
      ...placed.left.flatMap((box) => stubOf(box, 'left')),
      ...placed.right.flatMap((box) => stubOf(box, 'right')),
    ],
    captions: captions(headings, edges),
  };
}

interface Column {
  readonly boxes: readonly Box[];
  readonly height: number;
}

function column(all: readonly Item[], x: number, width: number, between: number): Column {
  let y = 0;
  const boxes = all.map((item) => {
    const box = { ...sizedBox(item, width), x, y };
    y += box.height + between;
    return box;
  });
  return { boxes, height: Math.max(0, y - between) };
}

function centred({ boxes, height }: Column, room: number): readonly Box[] {
  return boxes.map((box) => ({ ...box, y: HEAD + Math.round((room - height) / 2) + box.y }));
}

type Placed = Readonly<Record<'left' | 'middle' | 'right', readonly Box[]>>;

/** Lines that meet a box are spread over its height, in the order of their other ends, so that they do not cross there. */
function edgesBetween(placed: Placed, edges: readonly Edge[]): DrawnEdge[] {
  const ends = edges.map((edge) => ({ edge, side: placed[edge.side][edge.from], ca: placed.middle[edge.to] }));
  return ends.flatMap(({ edge, side, ca }) => {
    if (side === undefined || ca === undefined) return [];
    const same = ends.filter((other) => other.edge.side === edge.side);
    const y1 = port(
      side,
      edge,
      same.filter((other) => other.side === side).map((other) => [other.edge, other.ca]),
    );
    const y2 = port(
      ca,
      edge,
      same.filter((other) => other.ca === ca).map((other) => [other.edge, other.side]),
    );
    const isLeft = edge.side === 'left';
    const [x1, x2] = isLeft ? [side.x + side.width, ca.x] : [side.x, ca.x + ca.width];
    const half = (x1 + x2) / 2;
    const path = `M${x1} ${y1}C${half} ${y1} ${half} ${y2} ${x2} ${y2}`;
    return [{ path, width: strokeOf(edge.count), standing: edge.standing, isDashed: edge.isDashed }];
  });
}

function port(box: Box, edge: Edge, meeting: readonly (readonly [Edge, Box | undefined])[]): number {
  const sorted = meeting.toSorted(([, a], [, b]) => (a?.y ?? 0) - (b?.y ?? 0));
  const at = sorted.findIndex(([other]) => other === edge);
  return round(box.y + (box.height * (at + 1)) / (sorted.length + 1));
}

/** Many kubelets make a thick line. */
export function strokeOf(count: number): number {
  return round(1.25 + Math.min(4, Math.log10(Math.max(1, count))));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function stubOf({ item: { stub, standing }, x, y, width, height }: Box, side: 'left' | 'right'): Stub[] {
  if (stub === undefined || standing === undefined) return [];
  const from = side === 'left' ? x + width : x;
  return [{ kind: stub, standing, from, to: side === 'left' ? from + STUB : from - STUB, y: y + height / 2 }];
}

function captions({ left, middle, right }: Headings, edges: readonly Edge[]): Caption[] {
  const heading = (x: number, text: string, anchor: Caption['anchor']) =>
    ({ x, y: 18, text, anchor, role: 'heading' }) as const;
  const note = (x: number, text: string, anchor: Caption['anchor']) =>
    ({ x, y: 38, text, anchor, role: 'note' }) as const;
  const has = (side: Edge['side']): boolean => edges.some((edge) => edge.side === side);
  const gap = MIDDLE_AT - (LEFT_AT + SIDE);
  return [
    heading(LEFT_AT, left, 'start'),
    heading(WIDTH / 2, middle, 'middle'),
    heading(RIGHT_AT, right, 'start'),
    ...(left.startsWith('no ') ? [] : [note(LEFT_AT, 'client certificate presented', 'start')]),
    ...(has('left') ? [note(MIDDLE_AT - gap / 2, 'issued by \u2192', 'middle')] : []),
    ...(has('right') ? [note(RIGHT_AT - gap / 2, '\u2190 issued by', 'middle')] : []),
    ...(right.startsWith('no ') ? [] : [note(RIGHT_AT, 'client certificates accepted', 'start')]),
  ];
}
