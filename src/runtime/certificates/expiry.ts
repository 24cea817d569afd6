import type { Certificates } from './certificates.ts';
import type { Log } from '../log.ts';

const DAY = 24 * 60 * 60 * 1000;

/** Makes what is asked again and again about a certificate, and warns once a day while it is late to be renewed. */
export function watchExpiry(log: Log, now: () => Date): (certificates: Certificates) => void {
  let warned = -Infinity;
  return ({ expires, late }) => {
    const time = now().getTime();
    if (time < late.getTime()) warned = -Infinity;
    else if (time - warned >= DAY) {
      warned = time;
      const words =
        'the serving certificate expires soon, or has expired, and was not renewed: see docs/certificates.md';
      log.warn({ expires }, words);
    }
  };
}
