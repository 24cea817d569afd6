// Functions that run inside the page, and what they use of a browser's types. Nothing outside of them can be used in them.

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

interface PageNode {
  readonly textContent: string;
  readonly parentElement: PageElement;
}

interface PageElement extends PageNode {
  readonly outerHTML: string;
  readonly tagName: string;
  readonly id: string;
  readonly scrollWidth: number;
  readonly clientWidth: number;
  readonly previousSibling: PageNode | null;
  readonly firstElementChild: PageElement | null;
  readonly getAttributeNames: () => string[];
  readonly getBoundingClientRect: () => Box;
  readonly checkVisibility: (options: object) => boolean;
  readonly closest: (selector: string) => PageElement | null;
  open: boolean;
  hidden: boolean;
}

declare const getComputedStyle: (element: PageElement) => Readonly<Record<string, string>>;

declare const document: {
  readonly documentElement: PageElement;
  readonly body: PageElement;
  readonly querySelectorAll: (selector: string) => Iterable<PageElement>;
  readonly querySelector: (selector: string) => PageElement | null;
  readonly createTreeWalker: (root: PageElement, show: number) => { readonly nextNode: () => PageNode | null };
  readonly createRange: () => {
    readonly selectNodeContents: (node: PageNode) => void;
    readonly getClientRects: () => Iterable<Box>;
  };
};

/** Opens everything that can be closed. */
export function openDetails(): void {
  for (const details of document.querySelectorAll('details')) details.open = true;
}

/** The texts that can be seen, in their order, without those of pictures: what they show must stand beside them. */
export function visibleTexts(): readonly string[] {
  const texts: string[] = [];
  const walker = document.createTreeWalker(document.body, 4);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const text = node.textContent.replaceAll(/\s+/g, ' ').trim();
    const around = node.parentElement;
    const isLeftOut = around.closest('script, style, template, svg') !== null;
    if (text === '' || isLeftOut) continue;
    if (around.checkVisibility({ visibilityProperty: true, opacityProperty: true })) texts.push(text);
  }
  return texts;
}

/** Each element with the names of its attributes, in alphabetical order: the structure of the page. Lines of the picture depend on the width of their letters. */
export function structure(): readonly string[] {
  return [...document.querySelectorAll(':not(option, text, tspan)')]
    .map((element) => [element.tagName, ...element.getAttributeNames().sort()].join(' '))
    .sort();
}

/** How many pixels of the page are beyond its right edge, with the elements that stand out. */
export function overflow(): { readonly pixels: number; readonly elements: readonly string[] } {
  const { scrollWidth, clientWidth } = document.documentElement;
  const elements = [...document.querySelectorAll('body *')]
    .filter((element) => scrollWidth > clientWidth && element.getBoundingClientRect().right > clientWidth + 1)
    .map((element) => `${element.tagName}#${element.id} ${element.textContent.slice(0, 40)}`);
  return { pixels: scrollWidth - clientWidth, elements: elements.slice(0, 5) };
}

/** The names that stand on the wrong side of the text before them, because the direction of their letters reached it. */
export function reordered(): readonly string[] {
  const boxesOf = (node: PageNode): Box[] => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return [...range.getClientRects()];
  };
  return [...document.querySelectorAll('bdi')]
    .filter((name) => {
      const before = name.previousSibling;
      if (before === null || before.textContent.trim() === '') return false;
      const last = boxesOf(before).at(-1);
      const first = boxesOf(name)[0];
      if (last === undefined || first === undefined) return false;
      const isOnSameLine = first.top < last.bottom - 2 && last.top < first.bottom - 2;
      return isOnSameLine && first.left < last.right - 2;
    })
    .map((name) => `${name.previousSibling?.textContent ?? ''}|${name.textContent}`);
}

/** The neighbors in a list whose boxes overlap, or stand in another order than in the document. */
export function misplaced(): readonly string[] {
  const found: string[] = [];
  for (const list of document.querySelectorAll('ul.names')) {
    let last: Box | undefined;
    for (const item of (list as unknown as { readonly children: Iterable<PageElement> }).children) {
      if (!item.checkVisibility({})) continue;
      const box = item.getBoundingClientRect();
      if (last !== undefined && box.top < last.bottom - 1 && box.left < last.right - 1 && box.top <= last.top)
        found.push(item.textContent);
      last = box;
    }
  }
  return found;
}

/** The elements that do not show all of their content, because it is larger than they are. */
export function clipped(): readonly string[] {
  return [...document.querySelectorAll('body *')]
    .filter((element) => {
      const { overflowX, textOverflow, position } = getComputedStyle(element);
      const isHidden = position === 'absolute' && element.clientWidth <= 1;
      return (
        !isHidden &&
        (overflowX !== 'visible' || textOverflow === 'ellipsis') &&
        element.scrollWidth > element.clientWidth + 1
      );
    })
    .map((element) => `${element.tagName}#${element.id} ${element.textContent.slice(0, 40)}`);
}

/** The texts in boxes of the picture that are wider than their boxes. */
export function textsOutsideOfBoxes(): readonly string[] {
  return [...document.querySelectorAll('svg.picture a > svg > text')].flatMap((text) => {
    const inside = text.getBoundingClientRect();
    const box = text.parentElement.firstElementChild?.getBoundingClientRect();
    return box !== undefined && inside.left >= box.left && inside.right <= box.right ? [] : [text.textContent];
  });
}

/** The elements of the page from one to another, without names that are digests, and with its style. */
export function shownMarkup([from, to]: readonly [from: string, to: string]): string {
  const first = document.querySelector(from);
  const last = document.querySelector(to);
  if (first === null || last === null) throw new Error(`there is no ${from} or no ${to}`);
  const top = first.getBoundingClientRect().top;
  const { bottom } = last.getBoundingClientRect();
  const shown = [...document.querySelectorAll('main > *, section > *, style')].filter((element) => {
    const box = element.getBoundingClientRect();
    return element.tagName === 'STYLE' || (element.tagName !== 'SECTION' && box.top >= top && box.bottom <= bottom);
  });
  return shown.map(({ outerHTML }) => outerHTML.replace(/ (?:id|href|datetime)="[^"]*"/g, '')).join('\n');
}

/** Hides elements. */
export function hideAll(elements: readonly unknown[]): void {
  for (const element of elements as readonly PageElement[]) element.hidden = true;
}
