// The script of the page, in the browser: it filters, opens and closes, copies, and keeps the page of a server up to date.
// Without it the page has the same facts.

import { startAnnouncements } from './announce.ts';
import { addCopyButtons, startCopying } from './copy.ts';
import { closeLong, openForPrint, setAllOpen } from './details.ts';
import { Filtering } from './filter/filtering.ts';

const main = document.querySelector('main');
if (main) start(main);

function start(main: Element): void {
  document.documentElement.classList.add('has-script');
  closeLong(main);
  addCopyButtons(main);
  startCopying();
  startAnnouncements();
  openForPrint();
  const filtering = new Filtering(main, setAllOpen);
  main.querySelector('#head')?.after(filtering.bar.element);
  filtering.followAddress();
}
