// The script of the page, in the browser: it filters, opens and closes, copies, and keeps the page of a server up to date.
// Without it the page has the same facts.

import { startAnnouncements } from './announce.ts';
import { addCopyButtons, startCopying } from './copy.ts';
import { closeLong, openForPrint, setAllOpen } from './details.ts';
import { Filtering } from './filter/filtering.ts';
import { goLive } from './live/go-live.ts';

const main = document.querySelector('main');
if (main) {
  const startTime = performance.now();
  start(main);
  performance.measure('start of the script', { start: startTime });
}

function start(main: Element): void {
  document.documentElement.classList.add('has-script');
  const prepare = (part: Element): void => {
    closeLong(part);
    addCopyButtons(part);
  };
  const filtering = new Filtering(main, setAllOpen);
  if (document.body.hasAttribute('data-live')) {
    const onChange = (): void => {
      filtering.refresh();
    };
    goLive({ main, prepare, onChange });
  }
  prepare(main);
  startCopying();
  startAnnouncements();
  openForPrint();
  (main.querySelector(':scope > #contents') ?? main.querySelector('#head'))?.after(filtering.bar.element);
  filtering.followAddress();
}
