// Keeps the page of a running server up to date.

import { LiveIndicator } from './indicator.ts';
import { PageSwap } from './swap.ts';
import { ServerWatch } from './watch.ts';

/** What the page does when it is live. */
export interface LivePage {
  readonly main: Element;
  /** Prepares a part that is new on the page. */
  readonly prepare: (part: Element) => void;
  /** Is called after the content has changed. */
  readonly onChange: () => void;
}

/** Starts to listen to the server. Must be called before anything changes the page. */
export function goLive({ main, prepare, onChange }: LivePage): void {
  const swap = new PageSwap(main, prepare);
  const indicator = new LiveIndicator();
  document.body.append(indicator.element);
  const watch = new ServerWatch(
    {
      onFreshness: (freshness) => {
        indicator.show(freshness);
      },
      onPage: (html, isNew) => {
        const next = new DOMParser().parseFromString(html, 'text/html');
        // the server was upgraded, and this script may not fit its page
        if (scriptOf(next) !== scriptOf(document)) location.reload();
        swap.show(next);
        onChange();
        if (isNew) indicator.updated(document.title);
      },
    },
    document.body.dataset.live === '' ? undefined : document.body.dataset.live,
  );
  watch.start();
}

function scriptOf(page: Document): string | undefined {
  return page.querySelector('body > script')?.textContent;
}
