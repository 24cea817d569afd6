// The progress bar of a sweep on a terminal.

const WIDTH = 30;
const CLEAR = '\r\u001b[K';
/** The bar is drawn again at most this often. */
const STEPS = 100;

/** A bar that shows how many nodes are done. */
export interface ProgressBar {
  readonly show: (done: number, listed: number) => void;
  readonly clear: () => void;
}

/** Creates a bar. It is drawn when it is first shown, and again only after it moved. */
export function progressBar(write: (text: string) => void): ProgressBar {
  let drawn = '';
  return {
    show: (done, listed) => {
      const part = listed === 0 ? 0 : done / listed;
      const filled = Math.round(part * WIDTH);
      const step = Math.floor(part * STEPS);
      const state = `${step}/${listed}`;
      if (state === drawn) return;
      drawn = state;
      write(`${CLEAR}[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${done} of ${listed} nodes`);
    },
    clear: () => {
      if (drawn !== '') write(CLEAR);
      drawn = '';
    },
  };
}
