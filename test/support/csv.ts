// Reads CSV as RFC 4180 defines it, strictly.

/** Parses a file with a header row: an object for each other row. */
export function parseCsv(text: string): readonly Readonly<Record<string, string>>[] {
  if (!text.endsWith('\r\n')) throw new Error('the last line has no end');
  const rows: string[][] = [];
  const FIELD = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  let row: string[] = [];
  while (FIELD.lastIndex < text.length) {
    const at = FIELD.lastIndex;
    const found = FIELD.exec(text);
    if (found === null) throw new Error(`no field at ${text.slice(at, at + 60)}`);
    row.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? '');
    if (found[3] === ',') continue;
    rows.push(row);
    row = [];
  }
  const [header = [], ...records] = rows;
  return records.map((record) => {
    if (record.length !== header.length) throw new Error(`a row of ${String(record.length)} fields`);
    return Object.fromEntries(header.map((name, index) => [name, record[index] ?? '']));
  });
}
