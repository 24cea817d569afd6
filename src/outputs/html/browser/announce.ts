// Messages for screen readers.

import { make } from './dom.ts';

const region = make('p', { className: 'announcement', role: 'status' });

/** Adds the place of the messages to the page. It must be there before the first message. */
export function startAnnouncements(): void {
  document.body.append(region);
}

/** Has a screen reader read a message when it has time for it. */
export function announce(message: string): void {
  region.textContent = message;
}
