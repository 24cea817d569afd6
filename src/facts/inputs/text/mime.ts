// MIME multipart user data, which cloud-init and EKS' nodeadm read (RFC 2046).

import { decodeBase64 } from '../../values/base64.ts';
import { hiddenFile } from '../../declared/host-paths.ts';
import type { Problem } from '../../../policy/reading.ts';
import type { FoundText, ReadText, TextInput, TextPart } from './text-input.ts';

/** User data of several parts. */
export const mime: TextInput = {
  name: 'MIME multipart user data',
  surfaces: ['declared-cluster'],
  matches: ({ text }) =>
    /^(?:[A-Za-z-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*Content-Type:\s*multipart\//i.test(text.slice(0, 4096)),
  read: (found) => problemsOf(found),
  contents: ({ text }) => partsOf(text).flatMap((part) => ('text' in part ? [part] : [])),
};

/** A part that cannot be read. */
interface HiddenPart {
  readonly line: number;
  readonly why: string;
}

function problemsOf({ text }: FoundText): ReadText {
  const hidden = partsOf(text).filter((part) => 'why' in part);
  const problems: Problem[] = hidden.flatMap(({ line, why }) =>
    hiddenFile(`the part of the user data for a kubelet`, why, '').map((problem) => ({
      ...problem,
      origin: { layer: 'file', line },
    })),
  );
  return { subjects: [], problems };
}

function partsOf(text: string): (TextPart | HiddenPart)[] {
  const lines = text.split('\n');
  const boundary = /boundary\s*=\s*(?:"([^"\n]{1,200})"|([^\s;"]{1,200}))/i.exec(text.slice(0, 4096));
  const mark = boundary?.[1] ?? boundary?.[2];
  if (mark === undefined) return [{ line: 1, why: 'its Content-Type has no boundary' }];
  const parts: (TextPart | HiddenPart)[] = [];
  let start: number | undefined;
  for (const [index, raw] of lines.entries()) {
    const line = raw.trimEnd();
    if (line !== `--${mark}` && line !== `--${mark}--`) continue;
    if (start !== undefined) parts.push(partOf(lines.slice(start, index), start, parts.length));
    start = line.endsWith(`${mark}--`) ? undefined : index + 1;
    // readers stop at the closing boundary
    if (start === undefined) {
      const rest = lines.slice(index + 1).join('\n');
      return rest.includes(`--${mark}`) ? [...parts, { line: index + 2, why: CLOSED }] : parts;
    }
  }
  return start === undefined ? parts : [...parts, partOf(lines.slice(start), start, parts.length)];
}

const CLOSED = 'it is behind the closing boundary, where readers stop; a boundary in between has no dashes at its end';

function partOf(lines: readonly string[], start: number, at: number): TextPart | HiddenPart {
  const blank = lines.findIndex((line) => line.trim() === '');
  const headers = lines.slice(0, blank === -1 ? lines.length : blank).join('\n');
  const body = lines.slice(blank === -1 ? lines.length : blank + 1).join('\n');
  const line = start + (blank === -1 ? lines.length : blank + 1) + 1;
  const path = /x-shellscript/i.test(headers) ? `/part-${String(at)}.sh` : `/part-${String(at)}.yaml`;
  if (/^Content-Encoding:\s*gzip|^Content-Type:\s*application\/(?:x-)?gzip/im.test(headers))
    return { line, why: 'it is compressed with gzip' };
  if (!/^Content-Transfer-Encoding:\s*base64/im.test(headers)) return { path, text: body, line };
  const text = decodeBase64(body);
  return text === undefined ? { line, why: 'its base64 holds no text' } : { path, text, line, encoded: true };
}
