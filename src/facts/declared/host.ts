// The components of a host that files declare: its units, drop-ins, environment files and configuration.

import type { FilesDocument } from '../../policy/document.ts';
import type { Budget } from '../budget.ts';
import type { Recognised } from '../inputs/recognise.ts';

/** Finds the components that the units of a host would start with its files. */
export function recogniseHost(_document: FilesDocument, _budget: Budget): Recognised {
  return { subjects: [], problems: [] };
}
