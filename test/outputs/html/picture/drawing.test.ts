// The picture over random findings: everything is inside of it, nothing overlaps, and no order of the findings changes it.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { ReportedFinding } from '../../../../src/outputs/guard-report.ts';
import type { Box } from '../../../../src/outputs/html/picture/boxes.ts';
import { diagramOf, type Diagram } from '../../../../src/outputs/html/picture/diagram.ts';
import type { Drawing } from '../../../../src/outputs/html/picture/drawing.ts';
import { PictureIds } from '../../../../src/outputs/html/picture/items.ts';
import { PictureModel } from '../../../../src/outputs/html/picture/model.ts';
import { stackedDrawing } from '../../../../src/outputs/html/picture/stacked.ts';
import { wideDrawing } from '../../../../src/outputs/html/picture/wide.ts';
import { linkSection } from '../../../../src/outputs/html/sections/link.ts';
import { nodesSection } from '../../../../src/outputs/html/sections/nodes.ts';
import { headWithoutLink, linkFindings } from '../../../support/link-findings.ts';
import { parseHtml } from '../../../support/html.ts';
import { pageContext } from '../../../support/report-pages.ts';
import { sampleReport } from '../../../support/sample-clusters.ts';

const HEADINGS = { left: '1 kube-apiserver', middle: '1 CA', right: '1 kubelet' };

function diagramOfFindings(findings: readonly ReportedFinding[]): Diagram {
  const model = new PictureModel(headWithoutLink);
  for (const finding of findings) model.add(finding);
  return diagramOf(model.result(), headWithoutLink, new PictureIds(pageContext));
}

function sectionsOf(findings: Iterable<ReportedFinding>, head = headWithoutLink): string {
  const input = { head, context: pageContext, live: undefined };
  const sections = [linkSection(input), nodesSection(input)];
  for (const finding of findings) for (const { add } of sections) add?.(finding);
  return sections.map(({ render }) => render()?.text ?? '').join('\n');
}

function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function faultsOf({ width, height, boxes, edges, stubs, captions }: Drawing): string[] {
  const isOutside = (x: number, y: number): boolean => x < 0 || y < 0 || x > width || y > height;
  const faults = boxes.flatMap((box, index) => [
    ...(isOutside(box.x, box.y) || isOutside(box.x + box.width, box.y + box.height)
      ? [`outside: ${box.item.label}`]
      : []),
    ...boxes
      .slice(index + 1)
      .filter((other) => overlap(box, other))
      .map((other) => `overlaps: ${box.item.label}, ${other.item.label}`),
    ...box.rows.flatMap(({ x, y, width: wide, texts }) =>
      x + wide > box.width - 8 || y > box.height - 6 || y < 12
        ? [`does not fit: ${texts.map(({ text }) => text).join(' ')}`]
        : [],
    ),
  ]);
  const points = edges.flatMap(({ path }) => path.match(/-?\d+(?:\.\d+)?/g) ?? []).map(Number);
  if (points.some((value) => Number.isNaN(value) || value < 0 || value > Math.max(width, height)))
    faults.push('a line is outside');
  if (stubs.some(({ from, to, y }) => isOutside(from, y) || isOutside(to, y)))
    faults.push('an end of a line is outside');
  if (
    captions.some(
      ({ x, y }) =>
        isOutside(x, y) || boxes.some((box) => overlap(box, { ...box, x, y: y - 12, width: 1, height: 12 })),
    )
  )
    faults.push('a caption is outside or in a box');
  return faults;
}

describe('over random findings', () => {
  test.each([
    ['wide', wideDrawing],
    ['stacked', stackedDrawing],
  ])('in the %s picture boxes do not overlap, texts fit, and everything is inside', (_name, draw) => {
    fc.assert(
      fc.property(linkFindings, (findings) => {
        expect(faultsOf(draw(diagramOfFindings(findings), HEADINGS))).toEqual([]);
      }),
    );
  });

  test('the same findings in another order give the same bytes', () => {
    const shuffled = linkFindings.chain((findings) =>
      fc.tuple(fc.constant(findings), fc.shuffledSubarray([...findings], { minLength: findings.length })),
    );
    fc.assert(
      fc.property(shuffled, ([findings, others]) => {
        expect(sectionsOf(others)).toBe(sectionsOf(findings));
      }),
    );
  });

  test('at most 7 boxes of kube-apiservers, 8 of CAs and 12 of kubelets are drawn, beside those that count the rest', () => {
    fc.assert(
      fc.property(linkFindings, (findings) => {
        const { left, middle, right } = diagramOfFindings(findings);
        const drawn = (items: Diagram['left']) => items.filter(({ kind }) => kind !== 'note').length;
        expect(drawn(left)).toBeLessThanOrEqual(7);
        expect(drawn(middle)).toBeLessThanOrEqual(8);
        expect(drawn(right)).toBeLessThanOrEqual(12);
        for (const items of [left, middle, right]) expect(items.length - drawn(items)).toBeLessThanOrEqual(2);
      }),
    );
  });

  test('each box leads to a place in the text, and each kubelet is named there once', () => {
    fc.assert(
      fc.property(linkFindings, (findings) => {
        const { elements } = parseHtml(sectionsOf(findings));
        const ids = elements.flatMap(({ attributes }) => attributes.id ?? []);
        expect(new Set(ids).size).toBe(ids.length);
        const targets = elements
          .filter(({ attributes }) => attributes.class?.startsWith('box '))
          .map(({ attributes }) => attributes.href);
        for (const target of targets) expect(ids).toContain(target?.slice(1));
        const names = elements.filter(({ name, attributes }) => name === 'a' && attributes.href?.startsWith('#q='));
        // a longer name is no link
        const short = findings.filter(({ subject }) => subject.name.length <= 100);
        expect(names).toHaveLength(short.length);
        expect(new Set(names.map(({ attributes }) => attributes.href)).size).toBe(short.length);
        expect(elements.filter(({ name }) => name === 'li').length).toBeGreaterThanOrEqual(findings.length);
      }),
    );
  });

  test('each result that a kubelet has is drawn, whatever other kubelets do', () => {
    fc.assert(
      fc.property(linkFindings, (findings) => {
        const model = new PictureModel(headWithoutLink);
        for (const finding of findings) model.add(finding);
        const standings = new Set(model.result().kubelets.map(({ standing }) => standing));
        const drawn = new Set(diagramOfFindings(findings).right.flatMap(({ standing }) => standing ?? []));
        expect(drawn).toEqual(standings);
      }),
    );
  });
});

test.each([1, 3, 500])('the sample cluster of %i kubelets is drawn without a fault', (nodes) => {
  const { findings, ...head } = sampleReport(nodes);
  const model = new PictureModel(head);
  for (const finding of findings) model.add(finding);
  const diagram = diagramOf(model.result(), head, new PictureIds(pageContext));
  for (const draw of [wideDrawing, stackedDrawing]) expect(faultsOf(draw(diagram, HEADINGS))).toEqual([]);
  expect(() => parseHtml(sectionsOf(findings, head))).not.toThrow();
});
