import { controls } from '../../src/controls/index.ts';

/** The controls that the product is for, without their companions. */
export const ofTheLink = controls.filter(({ companion }) => companion !== true);
