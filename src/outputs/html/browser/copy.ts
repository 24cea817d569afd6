// Buttons that copy what is to be pasted into a shell or file.

import { announce } from './announce.ts';
import { make } from './dom.ts';

/** Gives each element of the class `copy` its button. */
export function addCopyButtons(part: Element): void {
  for (const element of part.querySelectorAll('.copy'))
    element.before(make('button', { type: 'button', className: 'copy-button', textContent: 'Copy' }));
}

/** Copies when one of the buttons is pressed. */
export function startCopying(): void {
  document.addEventListener('click', ({ target }) => {
    if (!(target instanceof HTMLElement) || !target.matches('.copy-button')) return;
    const source = target.nextElementSibling;
    if (source) void copy(source, target);
  });
}

async function copy(source: Element, button: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    show(button, 'Copied');
  } catch {
    // no clipboard, or no permission: a page that is not from this machine and not encrypted has none
    getSelection()?.selectAllChildren(source);
    show(button, 'Selected: copy it with the keyboard');
  }
}

function show(button: HTMLElement, message: string): void {
  button.textContent = message;
  announce(message);
  setTimeout(() => {
    button.textContent = 'Copy';
  }, 3000);
}
