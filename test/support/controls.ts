import { controls } from '../../src/controls/index.ts';

/** The main controls, without the supporting ones. */
export const ofTheLink = controls.filter(({ supporting }) => supporting !== true);
