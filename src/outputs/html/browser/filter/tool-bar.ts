// The tool bar: search, choices, and how much is shown. The script makes it, because it does nothing without the script.

import { make } from '../dom.ts';
import { SHOW_ALL, type PageFilter } from './fragment.ts';
import type { ItemValues, ShownCount } from './items.ts';

/** The results in their order, and their labels. */
const RESULTS: readonly (readonly [result: string, label: string])[] = [
  ['fail', 'fail'],
  ['unknown', 'unknown'],
  ['exempt', 'exempt'],
  ['pending', 'passes until next start'],
  ['pass', 'pass'],
];

/** What the tool bar does. */
export interface ToolBarActions {
  readonly onFilter: (filter: PageFilter) => void;
  readonly onOpenAll: (isOpen: boolean) => void;
}

/** The tool bar. */
export class ToolBar {
  readonly element: HTMLElement;
  readonly search = make('input', {
    type: 'search',
    autocomplete: 'off',
    spellcheck: false,
    placeholder: 'name, text',
  });
  readonly #boxes: readonly HTMLInputElement[];
  readonly #results = make('fieldset', { className: 'results' }, make('legend', {}, 'Result'));
  readonly #control = make('select');
  readonly #pool = make('select');
  readonly #poolLabel = make('label', {}, 'Pool ', this.#pool);
  readonly #count = make('output', { className: 'count' });
  readonly #clear = make('button', { type: 'button', textContent: 'Clear' });

  constructor({ onFilter, onOpenAll }: ToolBarActions) {
    this.#boxes = RESULTS.map(([value, label]) => {
      const box = make('input', { type: 'checkbox', value });
      this.#results.append(make('label', { className: value }, box, ` ${label}`));
      return box;
    });
    const openAll = make('button', { type: 'button', textContent: 'Open all' });
    const closeAll = make('button', { type: 'button', textContent: 'Close all' });
    this.element = make(
      'search',
      { className: 'tools', ariaLabel: 'Filter' },
      make('label', { className: 'search' }, 'Search ', this.search),
      this.#results,
      make('label', {}, 'Control ', this.#control),
      this.#poolLabel,
      make('span', { className: 'group' }, this.#count, this.#clear),
      make('span', { className: 'group' }, openAll, closeAll),
      make(
        'p',
        { className: 'keys' },
        'Keys: ',
        make('kbd', {}, '/'),
        ' search, ',
        make('kbd', {}, 'Escape'),
        ' clear. The address keeps the filter.',
      ),
    );
    const changed = (): void => {
      onFilter(this.#read());
    };
    this.search.addEventListener('input', changed);
    for (const field of [this.#results, this.#control, this.#pool]) field.addEventListener('change', changed);
    this.#clear.addEventListener('click', () => {
      onFilter(SHOW_ALL);
      this.search.focus();
    });
    for (const button of [openAll, closeAll])
      button.addEventListener('click', () => {
        onOpenAll(button === openAll);
      });
  }

  /** Offers the values that the page has, and shows a filter. */
  show({ query, results, control, pool }: PageFilter, values: ItemValues): void {
    if (this.search.value !== query) this.search.value = query;
    for (const box of this.#boxes) {
      box.checked = results.includes(box.value);
      const isOffered = box.checked || values.results.has(box.value);
      box.parentElement?.toggleAttribute('hidden', !isOffered);
    }
    offer(this.#control, 'all', values.controls, control);
    offer(this.#pool, 'all', values.pools, pool);
    this.#poolLabel.hidden = values.pools.size === 0 && pool === '';
  }

  /** Shows how many items the filter shows. Without items there is nothing to filter. */
  count({ shown, total }: ShownCount, filter: PageFilter): void {
    this.element.hidden = total === 0 && filter === SHOW_ALL;
    this.#count.textContent = `${String(shown)} of ${String(total)} entries shown`;
    this.element.classList.toggle('is-filtered', filter !== SHOW_ALL);
    this.#clear.disabled = filter === SHOW_ALL;
  }

  #read(): PageFilter {
    const results = this.#boxes.filter(({ checked }) => checked).map(({ value }) => value);
    return { query: this.search.value, results, control: this.#control.value, pool: this.#pool.value };
  }
}

/** Offers values beside "all". A chosen value is offered even if the page has it no more. */
function offer(select: HTMLSelectElement, all: string, values: ReadonlySet<string>, chosen: string): void {
  const sorted = [...new Set([...values, ...(chosen === '' ? [] : [chosen])])].sort();
  const known = Array.from(select.options, ({ value }) => value);
  if (known.join(' ') !== ['', ...sorted].join(' '))
    select.replaceChildren(new Option(all, ''), ...sorted.map((value) => new Option(value, value)));
  select.value = chosen;
}
