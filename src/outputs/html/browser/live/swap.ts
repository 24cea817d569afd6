// Replaces the parts of the page that changed. Parts that are the same stay, with all that the reader did to them.

import { openStates, rememberPlace, restoreOpenStates } from './place.ts';

/** Replaces the content of the page by that of another one. */
export class PageSwap {
  readonly #main: Element;
  /** Prepares a part that is new on the page. */
  readonly #prepare: (part: Element) => void;
  /** The parts as the server sent them. */
  #served: ReadonlyMap<Element, string>;

  /** Must be made before anything changes the page. */
  constructor(main: Element, prepare: (part: Element) => void) {
    this.#main = main;
    this.#prepare = prepare;
    this.#served = new Map(Array.from(main.children, (part) => [part, part.outerHTML]));
  }

  /** Shows the content of another page. What the script added stays in its place. */
  show(next: Document): void {
    const nextMain = next.querySelector('main');
    if (!nextMain) throw new Error('the answer is no page');
    const restorePlace = rememberPlace();
    const served = new Map<Element, string>();
    let previous: Element | undefined;
    for (const part of [...nextMain.children]) {
      const text = part.outerHTML;
      const shown = this.#partLike(part, text);
      served.set(shown, text);
      previous = this.#placeAfter(previous, shown);
    }
    for (const part of this.#served.keys()) if (!served.has(part)) part.remove();
    this.#served = served;
    restorePlace();
    document.title = next.title;
  }

  /** The part itself if it is new or changed; else the one that is shown. */
  #partLike(part: Element, text: string): Element {
    for (const [old, oldText] of this.#served) {
      if (old.id !== part.id) continue;
      if (oldText === text) return old;
      document.adoptNode(part);
      this.#prepare(part);
      restoreOpenStates(part, openStates(old));
      old.replaceWith(part);
      return part;
    }
    document.adoptNode(part);
    this.#prepare(part);
    return part;
  }

  /** Puts a part behind another one, if it is not there yet: to move an element takes its focus away. */
  #placeAfter(previous: Element | undefined, part: Element): Element {
    if (part.parentElement === this.#main) return part;
    if (previous === undefined) this.#main.prepend(part);
    else {
      // the tool bar stays where it is
      const after = previous.nextElementSibling;
      (after?.matches('.tools') ? after : previous).after(part);
    }
    return part;
  }
}
