// Connects the tool bar, the items and the address: whichever changes, the others follow.

import { revealTarget } from '../details.ts';
import { filterOf, fragmentOf, SHOW_ALL, type PageFilter } from './fragment.ts';
import { PageItems, type ItemValues } from './items.ts';
import { ToolBar } from './tool-bar.ts';

/** The filter of the page. */
export class Filtering {
  readonly bar: ToolBar;
  readonly #items: PageItems;
  #values: ItemValues;
  #filter = SHOW_ALL;
  #isScheduled = false;

  constructor(main: Element, onOpenAll: (isOpen: boolean) => void) {
    this.#items = new PageItems(main);
    this.#values = this.#items.values();
    this.bar = new ToolBar({
      onOpenAll,
      onFilter: (filter) => {
        this.#choose(filter);
      },
    });
    addEventListener('hashchange', () => {
      this.followAddress();
    });
    document.addEventListener('click', ({ target }) => {
      // a second click on a link changes no address, but what it points to may be closed again
      const link = target instanceof Element ? target.closest('a[href^="#"]') : null;
      if (link?.getAttribute('href') === location.hash) this.followAddress();
    });
    addEventListener('keydown', (event) => {
      this.#onKey(event);
    });
  }

  /** Shows what the address asks for: a filter, or an element of the page. */
  followAddress(): void {
    const filter = filterOf(location.hash);
    if (filter === undefined) this.#reveal();
    else {
      this.#filter = normal(filter);
      this.#apply();
    }
  }

  /** Reads the page again, because it has other items. */
  refresh(): void {
    this.#items.reset();
    this.#values = this.#items.values();
    this.bar.show(this.#filter, this.#values);
    this.bar.count(this.#items.update(this.#filter), this.#filter);
  }

  /** An element that a link points to is never hidden. */
  #reveal(): void {
    // while the page loads, there is no :target yet
    const target = document.getElementById(location.hash.slice(1));
    if (target?.closest('[hidden]')) this.#filter = SHOW_ALL;
    this.#apply();
    if (target) revealTarget(target);
  }

  /** Typing fast applies the filter once for each frame that is drawn. */
  #choose(filter: PageFilter): void {
    this.#filter = normal(filter);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    requestAnimationFrame(() => {
      this.#isScheduled = false;
      // the entry of the history is replaced: "back" leaves the page, whatever was typed
      history.replaceState(undefined, '', fragmentOf(this.#filter) || location.pathname + location.search);
      this.#apply();
    });
  }

  #apply(): void {
    this.bar.show(this.#filter, this.#values);
    this.bar.count(this.#items.apply(this.#filter), this.#filter);
  }

  #onKey(event: KeyboardEvent): void {
    const { search } = this.bar;
    if (event.key === 'Escape' && event.target === search) {
      // the browser would clear the search alone
      event.preventDefault();
      this.#choose(SHOW_ALL);
    }
    const isTyping = event.target instanceof Element && event.target.matches('input[type=search], select, textarea');
    if (event.key !== '/' || isTyping || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    search.focus();
    search.select();
  }
}

/** The same object for every filter that shows everything. */
function normal(filter: PageFilter): PageFilter {
  return fragmentOf(filter) === '' ? SHOW_ALL : filter;
}
