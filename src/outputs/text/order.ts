// The order of controls in texts for people.

import { CLIENT_CA_CONTROL, CLIENT_CERTIFICATE_CONTROL } from '../../policy/link/link.ts';
import { compareTexts } from './natural.ts';

/** Compares controls: the two of the link first, then the others by name. */
export function compareControls(a: string, b: string): number {
  return rankOf(a) - rankOf(b) || compareTexts(a, b);
}

const FIRST = [CLIENT_CERTIFICATE_CONTROL, CLIENT_CA_CONTROL];

function rankOf(control: string): number {
  const at = FIRST.indexOf(control);
  return at === -1 ? FIRST.length : at;
}
