// Where the reader is: what is on the screen, what has the focus, and which details are open. It is found again in new content.

const FOCUSABLE = 'a, button, input, select, summary, [tabindex]';

/** Finds the place of the reader again. */
export type RestorePlace = () => void;

/** Remembers the place of the reader. */
export function rememberPlace(): RestorePlace {
  const restoreScroll = rememberScroll();
  const restoreFocus = rememberFocus();
  return () => {
    restoreFocus();
    restoreScroll();
  };
}

/** The details of a part that are open or closed, by the nearest id and their number below it. */
export function openStates(part: Element): ReadonlyMap<string, boolean> {
  const states = new Map<string, boolean>();
  for (const [key, details] of keyedDetails(part)) states.set(key, details.open);
  return states;
}

/** Opens and closes the details of a part as they were. New ones stay as they are. */
export function restoreOpenStates(part: Element, states: ReadonlyMap<string, boolean>): void {
  for (const [key, details] of keyedDetails(part)) details.open = states.get(key) ?? details.open;
}

function* keyedDetails(part: Element): Generator<readonly [string, HTMLDetailsElement]> {
  const numbers = new Map<string, number>();
  for (const details of part.querySelectorAll('details')) {
    const id = details.closest('[id]')?.id ?? '';
    const number = numbers.get(id) ?? 0;
    numbers.set(id, number + 1);
    yield [`${id} ${String(number)}`, details];
  }
}

/** Keeps the element at the top of the screen where it is, though content above it changes its size. */
function rememberScroll(): RestorePlace {
  if (scrollY === 0) return () => undefined;
  const places = idsOf(firstOnScreen()).map((id) => [id, topOf(id)] as const);
  return () => {
    for (const [id, before] of places) {
      const now = topOf(id);
      if (before === undefined || now === undefined) continue;
      scrollBy({ top: now - before, behavior: 'instant' });
      return;
    }
  };
}

function firstOnScreen(): Element | null {
  // below a tool bar that stays at the top
  for (const y of [0.25, 0.5, 0.1]) {
    const found = document.elementFromPoint(innerWidth / 2, innerHeight * y);
    if (found?.closest('main [id]')) return found;
  }
  return null;
}

function rememberFocus(): RestorePlace {
  const focused = document.activeElement;
  if (!focused?.closest('main')) return () => undefined;
  const places = idsOf(focused).map((id) => [id, focusable(id).indexOf(focused)] as const);
  return () => {
    if (document.activeElement === focused) return;
    for (const [id, index] of places) {
      const element = document.getElementById(id);
      if (!element) continue;
      const target = index < 0 ? element : focusable(id)[index];
      if (target instanceof HTMLElement || target instanceof SVGElement) target.focus({ preventScroll: true });
      return;
    }
  };
}

function focusable(id: string): readonly Element[] {
  return [...(document.getElementById(id)?.querySelectorAll(FOCUSABLE) ?? [])];
}

/** The ids around an element, the nearest first. */
function idsOf(element: Element | null): readonly string[] {
  const ids: string[] = [];
  for (let each = element?.closest('[id]'); each; each = each.parentElement?.closest('[id]')) ids.push(each.id);
  return ids;
}

function topOf(id: string): number | undefined {
  return document.getElementById(id)?.getBoundingClientRect().top;
}
