// Shows whether the page is live, and when it was updated.

import { announce } from '../announce.ts';
import { make } from '../dom.ts';
import { clock, type Freshness } from './freshness.ts';

/** The indicator. */
export class LiveIndicator {
  readonly #state = make('b', { className: 'state' });
  readonly #update = make('span');
  readonly element = make('aside', { className: 'live', ariaLabel: 'Connection' }, this.#state, ' ', this.#update);

  /** Shows the state. A change from or to stale is read by screen readers. */
  show({ state, text }: Freshness): void {
    if (this.#state.textContent === text) return;
    const before = this.element.dataset.state;
    this.element.dataset.state = state;
    this.#state.textContent = text;
    if ((before === 'stale') !== (state === 'stale')) announce(text);
  }

  /** Shows that there is a new state, and what it is. */
  updated(title: string): void {
    const text = `updated ${clock(Date.now())}: ${title}`;
    this.#update.textContent = text;
    announce(text);
  }
}
