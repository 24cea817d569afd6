// Data URLs (RFC 2397), which Ignition has for the contents of files.

import { decodeBase64 } from './base64.ts';

/** The text of a data URL; undefined if it is none, or holds no UTF-8. */
export function textOfDataUrl(url: string): string | undefined {
  const comma = url.indexOf(',');
  if (!/^data:/i.test(url) || comma === -1) return undefined;
  const isBase64 = /;\s*base64\s*$/i.test(url.slice(0, comma));
  try {
    const data = decodeURIComponent(url.slice(comma + 1));
    return isBase64 ? decodeBase64(data) : data;
  } catch {
    return undefined;
  }
}
