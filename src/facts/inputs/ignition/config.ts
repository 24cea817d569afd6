// What an Ignition configuration (spec 2 and 3), or a Butane configuration that becomes one, declares for a host.

import { asArray, asRecord, asRecords, asText, isRecord, type UnknownRecord } from '../../../json.ts';
import type { Problem } from '../../../policy/reading.ts';
import { textOfDataUrl } from '../../values/data-url.ts';
import { pointerOf } from '../../values/shape.ts';
import { hiddenFile, unitPath } from '../../declared/host-paths.ts';
import type { HostDocument } from '../host-input.ts';
import type { EmbeddedText } from '../input.ts';

/** A text with its place, or why it is not known. */
type Content = { readonly text: string; readonly names: readonly string[] } | { readonly why: string };

/**
 * The files and units of a configuration.
 *
 * @param names the way to the configuration in its document
 */
export function ignitionHost(config: UnknownRecord, names: readonly string[] = []): HostDocument {
  const files: EmbeddedText[] = [];
  const problems: Problem[] = [...replaced(config, names)];
  for (const [at, file] of asRecords(asRecord(config.storage).files).entries()) {
    const path = asText(file.path) ?? '';
    const own = [...names, 'storage', 'files', String(at)];
    const content = fileContent(file, own);
    if ('why' in content) problems.push(...hiddenFile(path, content.why, pointerOf(own)));
    else files.push({ path, text: content.text, pointer: pointerOf(content.names) });
  }
  for (const [at, unit] of asRecords(asRecord(config.systemd).units).entries())
    addUnit(unit, [...names, 'systemd', 'units', String(at)], files, problems);
  return { files, problems };
}

function addUnit(unit: UnknownRecord, names: readonly string[], files: EmbeddedText[], problems: Problem[]): void {
  const name = asText(unit.name) ?? '';
  const add = (path: string, object: UnknownRecord, own: readonly string[]): void => {
    const { contents, contents_local: local } = object;
    if (typeof contents === 'string') files.push({ path, text: contents, pointer: pointerOf([...own, 'contents']) });
    else if (local !== undefined) problems.push(...hiddenFile(path, LOCAL, pointerOf([...own, 'contents_local'])));
  };
  // a masked unit is a link to /dev/null, which reads as an empty text
  if (unit.mask === true) files.push({ path: unitPath(name), text: '', pointer: pointerOf([...names, 'mask']) });
  else add(unitPath(name), unit, names);
  const key = Array.isArray(unit.dropins) ? 'dropins' : 'dropIns';
  for (const [at, dropIn] of asRecords(unit[key]).entries())
    add(unitPath(name, asText(dropIn.name) ?? ''), dropIn, [...names, key, String(at)]);
}

const LOCAL = 'it is a local file of Butane';

/** The content of a file, with what is appended to it. */
function fileContent(file: UnknownRecord, names: readonly string[]): Content {
  const first = contentOf(file.contents, [...names, 'contents']);
  if ('why' in first || !Array.isArray(file.append)) return file.append === true ? { why: APPENDED } : first;
  const parts = asArray(file.append).map((part, at) => contentOf(part, [...names, 'append', String(at)]));
  const hidden = parts.find((part) => 'why' in part);
  if (hidden) return hidden;
  if (!isRecord(file.contents)) return { why: APPENDED };
  return { text: [first, ...parts].map((part) => ('text' in part ? part.text : '')).join(''), names: first.names };
}

const APPENDED = 'it is appended to a file of the image';

function contentOf(contents: unknown, names: readonly string[]): Content {
  const { inline, local, source, compression } = asRecord(contents);
  if (typeof inline === 'string') return { text: inline, names: [...names, 'inline'] };
  if (local !== undefined) return { why: LOCAL };
  if (typeof source !== 'string' || source === '') return { text: '', names };
  if (typeof compression === 'string' && compression !== '') return { why: `it is compressed with ${compression}` };
  const text = textOfDataUrl(source);
  if (text !== undefined) return { text, names: [...names, 'source'] };
  return { why: source.startsWith('data:') ? 'its data URL holds no text' : 'it is fetched from elsewhere' };
}

/** Other configurations that are merged in, or that replace this one. */
function replaced({ ignition }: UnknownRecord, names: readonly string[]): Problem[] {
  const { config } = asRecord(ignition);
  const { replace, merge, append } = asRecord(config);
  const others = [
    { value: replace, key: 'replace' },
    { value: asRecords(merge)[0], key: 'merge' },
    { value: asRecords(append)[0], key: 'append' },
  ];
  return others.flatMap(({ value, key }) => {
    const { source, inline, local } = asRecord(value);
    if (source === undefined && inline === undefined && local === undefined) return [];
    const message = `the configuration takes another one (ignition.config.${key}), which is not read; check that one too`;
    const pointer = pointerOf([...names, 'ignition', 'config', key]);
    return [{ code: 'not-read', message, origin: { layer: 'file', pointer } }];
  });
}
