// The picture as SVG. Colors come from the style; without it, boxes and lines have the color of the text.

import { html, type Html } from '../html.ts';
import type { Standing } from '../../standing.ts';
import { BLANK, TEXT_SIZES, type Box, type BoxRow } from './boxes.ts';
import type { Caption, Drawing, Stub } from './drawing.ts';

/** Renders the picture. Only the style chooses the layout for narrow screens: without it, one picture is enough. */
export function svgOf({ name, width, height, boxes, edges, stubs, captions }: Drawing, label: string): Html {
  return html`<svg class="picture ${name}"${name === 'stacked' && html` display="none"`} viewBox="0 0 ${width} ${height}" role="group" aria-label="${label}">
    <g aria-hidden="true" fill="none" stroke="currentColor">
    ${edges.map(
      ({ path, width: stroke, standing, isDashed }) =>
        html`<path class="edge ${standing}${isDashed && ' dashed'}" stroke-width="${stroke}" d="${path}"/>`,
    )}
    ${stubs.map(stub)}
    </g>
    ${captions.map(caption)}
    ${boxes.map(box)}
    </svg>`;
}

function box({ item, x, y, width, height, rows }: Box): Html {
  const { kind, standing, target, label } = item;
  const round = kind === 'authority' ? 12 : 4;
  return html`<a class="box ${kind} ${standing}" href="#${target}"><title>${label}</title>
    <svg x="${x}" y="${y}" width="${width}" height="${height}"><rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="${round}" fill="none" stroke="currentColor"/>
    ${standing !== undefined && shape(standing, height)}
    ${rows.map(row)}</svg></a>
    `;
}

function row({ x, y, texts }: BoxRow): Html {
  return html`<text x="${x}" y="${y}">${texts.map(
    ({ role, text }, index) =>
      html`<tspan class="${role}" font-size="${TEXT_SIZES[role].size}"${index > 0 && html` dx="${BLANK}"`}>${text}</tspan>`,
  )}</text>`;
}

function caption({ x, y, text, anchor, role }: Caption): Html {
  return html`<text class="${role}" x="${x}" y="${y}" text-anchor="${anchor}" font-size="${role === 'heading' ? 15 : 12}">${text}</text> `;
}

function stub({ kind, standing, from, to, y }: Stub): Html {
  const end =
    kind === 'nothing' ? html`<path d="M-3.5 -3.5L3.5 3.5M3.5 -3.5L-3.5 3.5"/>` : html`<path d="${QUESTION_MARK}"/>`;
  return html`<g class="stub ${standing}${kind === 'unknown' && ' dashed'}"><path d="M${from} ${y}H${to}"/>
    <g transform="translate(${to} ${y})"><circle r="8.5"/>${end}</g></g>`;
}

const QUESTION_MARK = 'M-2.4 -2A2.4 2.4 0 1 1 0 0.6V1.4M0 3.9V4.1';

const SHAPE_SIZE = 20;

function shape(standing: Standing, height: number): Html {
  const y = (height - SHAPE_SIZE) / 2;
  return html`<use class="shape" href="#mark-${standing}" x="12" y="${y}" width="${SHAPE_SIZE}" height="${SHAPE_SIZE}" fill="currentColor"/>`;
}
