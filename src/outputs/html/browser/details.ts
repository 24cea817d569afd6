// Details: long ones are closed when the page opens, and all are open in print and where a link points to.

/** Details with more rows or names than these are long. */
const ROWS = 12;
const CHARACTERS = 2000;

/** Closes the long details of a part of the page. */
export function closeLong(part: Element): void {
  for (const details of part.querySelectorAll('details')) if (isLong(details)) details.open = false;
}

/** Opens or closes all details. */
export function setAllOpen(isOpen: boolean): void {
  for (const details of document.querySelectorAll('details')) details.open = isOpen;
}

/** Opens what contains the target of a link, and the target itself, and moves there. */
export function revealTarget(target: Element): void {
  const inside = target.matches('section') ? null : target.querySelector('details');
  for (let details = inside ?? target.closest('details'); details;) {
    details.open = true;
    details = details.parentElement?.closest('details') ?? null;
  }
  target.scrollIntoView();
}

/** Opens all details for print, and closes them again. Browsers without script open them by style. */
export function openForPrint(): void {
  let closed: readonly HTMLDetailsElement[] = [];
  addEventListener('beforeprint', () => {
    closed = [...document.querySelectorAll<HTMLDetailsElement>('details:not([open])')];
    for (const details of closed) details.open = true;
  });
  addEventListener('afterprint', () => {
    for (const details of closed) details.open = false;
    closed = [];
  });
}

function isLong(details: HTMLDetailsElement): boolean {
  if (details.querySelectorAll('li, tr').length > ROWS) return true;
  return details.textContent.length > CHARACTERS;
}
