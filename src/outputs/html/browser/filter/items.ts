// The items of the page, read once, and shown or hidden by a filter.

import { make } from '../dom.ts';
import { SHOW_ALL, type PageFilter } from './fragment.ts';
import { shownNames, wordsOf, type ItemFacts, type ShownNames } from './match.ts';

/** More names than these are not opened because they match. */
const OPENED = 100;

interface PageItem extends ItemFacts {
  readonly element: Element;
  readonly nameElements: readonly Element[];
  shown: ShownNames;
}

/** How many items a filter shows. */
export interface ShownCount {
  readonly shown: number;
  readonly total: number;
}

/** The values that the items have, for the choices of the tool bar. */
export type ItemValues = Readonly<Record<'results' | 'controls' | 'pools', ReadonlySet<string>>>;

/** The items of the page. They are read when there is time, or when they are first needed. */
export class PageItems {
  readonly #main: Element;
  /** Details that were opened because a name in them matches. */
  readonly #opened = new Set<HTMLDetailsElement>();
  #items: readonly PageItem[] | undefined;

  constructor(main: Element) {
    this.#main = main;
    this.reset();
  }

  /** Forgets the items, because the page has new ones. */
  reset(): void {
    this.#items = undefined;
    setTimeout(() => this.#read());
  }

  values(): ItemValues {
    const values = { results: new Set<string>(), controls: new Set<string>(), pools: new Set<string>() };
    for (const item of this.#main.querySelectorAll<HTMLElement>('.item')) {
      for (const result of tokens(item, 'result')) values.results.add(result);
      for (const control of tokens(item, 'control')) values.controls.add(control);
      for (const pool of tokens(item, 'pool')) values.pools.add(pool);
    }
    return values;
  }

  /** Shows what matches, and hides the rest. Details are opened where a few names match. */
  apply(filter: PageFilter): ShownCount {
    for (const details of this.#opened) details.open = false;
    this.#opened.clear();
    const count = this.update(filter);
    for (const { shown, nameElements } of this.#items ?? [])
      if (typeof shown !== 'string' && shown.size <= OPENED) for (const index of shown) this.#open(nameElements[index]);
    return count;
  }

  /** Shows what matches in what is new on the page. The reader opens and closes. */
  update(filter: PageFilter): ShownCount {
    if (filter === SHOW_ALL && this.#items === undefined) {
      const total = this.#main.querySelectorAll('.item').length;
      return { shown: total, total };
    }
    const items = this.#read();
    const words = wordsOf(filter.query);
    let shown = 0;
    for (const item of items) {
      this.#show(item, shownNames(item, filter, words));
      if (item.shown !== 'none') shown += 1;
    }
    this.#markEmptySections();
    return { shown, total: items.length };
  }

  #read(): readonly PageItem[] {
    return (this.#items ??= Array.from(this.#main.querySelectorAll('.item'), readItem));
  }

  #show(item: PageItem, shown: ShownNames): void {
    if (shown === item.shown && typeof shown === 'string') return;
    item.shown = shown;
    item.element.toggleAttribute('hidden', shown === 'none');
    if (shown === 'none') return;
    for (const [index, element] of item.nameElements.entries()) {
      element.toggleAttribute('hidden', shown !== 'all' && !shown.has(index));
    }
    for (const list of item.element.querySelectorAll<HTMLElement>('ul.names')) {
      if (shown === 'all') delete list.dataset.shown;
      else
        list.dataset.shown = `${list.querySelectorAll(':scope > li:not([hidden])').length} of ${list.children.length} shown`;
    }
  }

  #open(inner: Element | undefined): void {
    let details = inner?.closest('details');
    while (details) {
      if (!details.open) {
        details.open = true;
        this.#opened.add(details);
      }
      details = details.parentElement?.closest('details');
    }
  }

  /** A section whose items are all hidden shows that it has some. */
  #markEmptySections(): void {
    for (const section of this.#main.querySelectorAll(':scope > section:has(.item)')) {
      const isEmpty = section.querySelector('.item:not([hidden])') === null;
      const note = section.querySelector('.none-shown');
      if (!isEmpty) note?.remove();
      else if (!note)
        section.append(make('p', { className: 'none-shown' }, 'The filter hides all entries of this section.'));
    }
  }
}

function tokens(element: HTMLElement, name: string): readonly string[] {
  return (element.dataset[name] ?? '').split(' ').filter((token) => token !== '');
}

function readItem(element: Element): PageItem {
  const item = element as HTMLElement;
  const nameElements = [...item.querySelectorAll('ul.names > li')];
  const facts = { results: tokens(item, 'result'), controls: tokens(item, 'control'), pools: tokens(item, 'pool') };
  const texts = [...facts.results, ...facts.controls, ...facts.pools];
  collectTexts(item, texts);
  const names = nameElements.map((each) => each.textContent.toLowerCase());
  return { ...facts, element, nameElements, names, text: texts.join(' ').toLowerCase(), shown: 'all' };
}

/** Adds the texts of a node, without names. */
function collectTexts(node: Node, texts: string[]): void {
  for (const child of node.childNodes) {
    if (child instanceof Text) texts.push(child.data);
    else if (child instanceof Element && !child.matches('ul.names, .copy-button')) collectTexts(child, texts);
  }
}
