/** One block of a PEM text. */
export interface PemBlock {
  /** What stands between `BEGIN` and the dashes. */
  readonly type: string;
  readonly headers: boolean;
  readonly bytes: Buffer;
}

const BEGIN = '-----BEGIN ';
const END = '-----END ';
const DASHES = '-----';

/**
 * The blocks of a PEM text, as Go's encoding/pem finds them: everything else is passed over, also a block that does not
 * begin at the start of a line, ends as another type, or is no Base64.
 */
export function* pemBlocks(text: string): Generator<PemBlock, void, undefined> {
  let type: string | undefined;
  let headers = false;
  let data: string[] = [];
  for (const line of lines(text)) {
    if (line.startsWith(BEGIN)) {
      type = line.endsWith(DASHES) ? line.slice(BEGIN.length, -DASHES.length) : undefined;
      headers = false;
      data = [];
    } else if (line.startsWith(END)) {
      const bytes = type !== undefined && line === `${END}${type}${DASHES}` ? decode(data.join('')) : undefined;
      if (type !== undefined && bytes !== undefined) yield { type, headers, bytes };
      type = undefined;
    } else if (type !== undefined) {
      if (data.length === 0 && line.includes(':')) headers = true;
      else data.push(line);
    }
  }
}

/** One at a time, without white space at the end. */
function* lines(text: string): Generator<string, void, undefined> {
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start);
    const stop = end === -1 ? text.length : end;
    yield text.slice(start, stop).trimEnd();
    start = stop + 1;
  }
}

/** Buffer.from would take what is no Base64 as well. */
function decode(data: string): Buffer | undefined {
  const compact = data.replace(/[ \t\r]/g, '');
  return compact.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(compact)
    ? Buffer.from(compact, 'base64')
    : undefined;
}
