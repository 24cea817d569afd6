// Warns of a serving certificate that is not renewed in time.

import type { Certificates } from './certificates.ts';
import type { Log } from '../log.ts';

const DAY = 24 * 60 * 60 * 1000;

/** Makes a check of a certificate. It warns once a day while the certificate should have been renewed. */
export function watchExpiry(log: Log, now: () => Date): (certificates: Certificates) => void {
  let warned = -Infinity;
  return ({ expires, late }) => {
    const time = now().getTime();
    if (time < late.getTime()) warned = -Infinity;
    else if (time - warned >= DAY) {
      warned = time;
      const words =
        'the serving certificate expires soon or has expired, and was not renewed: see docs/certificates.md';
      log.warn({ expires }, words);
    }
  };
}
