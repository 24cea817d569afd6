// cloud-init's `#cloud-config`: the files that it writes, and the commands that it runs (cloud-init
// cloudinit/config/cc_write_files.py, cc_runcmd.py).

import { asArray, asRecord, asRecords, asText } from '../../../json.ts';
import type { Problem } from '../../../policy/reading.ts';
import { decodeBase64 } from '../../values/base64.ts';
import { pointerOf } from '../../values/shape.ts';
import { hiddenFile, unitPath } from '../../declared/host-paths.ts';
import { hostInput, type HostDocument } from '../host-input.ts';
import type { EmbeddedText } from '../input.ts';

/** The configuration of a machine's first start. */
export const cloudConfig = hostInput({
  name: 'cloud-init `#cloud-config`',
  kind: 'cloud-config',
  matches: ({ apiVersion, kind, write_files: files, runcmd, bootcmd, coreos }) =>
    apiVersion === undefined &&
    kind === undefined &&
    [files, runcmd, bootcmd, asRecord(coreos).units].some((list) => Array.isArray(list)),
  files: (object) => {
    const host = filesOf(object.write_files);
    return {
      ...host,
      files: [
        ...host.files,
        ...unitsOfCoreOS(object.coreos),
        ...commandsOf(object.bootcmd, 'bootcmd'),
        ...commandsOf(object.runcmd, 'runcmd'),
      ],
    };
  },
});

function filesOf(list: unknown): HostDocument {
  const files: EmbeddedText[] = [];
  const problems: Problem[] = [];
  for (const [at, file] of asRecords(list).entries()) {
    const path = asText(file.path) ?? '';
    const pointer = pointerOf(['write_files', String(at), 'content']);
    const encoding = (asText(file.encoding) ?? '').toLowerCase();
    const content = asText(file.content) ?? '';
    const text = encoding === 'b64' || encoding === 'base64' ? decodeBase64(content) : content;
    const before = files.findLast((other) => other.path === path);
    if (encoding.includes('gz')) problems.push(...hiddenFile(path, 'it is compressed with gzip', pointer));
    else if (text === undefined) problems.push(...hiddenFile(path, 'its base64 holds no text', pointer));
    else if (file.append !== true) files.push({ path, text, pointer });
    else if (before) files.push({ ...before, text: before.text + text });
    else problems.push(...hiddenFile(path, 'it is appended to a file of the image', pointer));
  }
  return { files, problems };
}

/** The units of CoreOS's own cloud-config (coreos-cloudinit config/units.go). */
function unitsOfCoreOS(coreos: unknown): EmbeddedText[] {
  return asRecords(asRecord(coreos).units).flatMap((unit, at) => {
    const name = asText(unit.name) ?? '';
    const own = ['coreos', 'units', String(at)];
    const text = asText(unit.content);
    const dropIns = asRecords(unit['drop-ins']).map((dropIn, index) => ({
      path: unitPath(name, asText(dropIn.name) ?? ''),
      text: asText(dropIn.content) ?? '',
      pointer: pointerOf([...own, 'drop-ins', String(index), 'content']),
    }));
    return [
      ...(text === undefined ? [] : [{ path: unitPath(name), text, pointer: pointerOf([...own, 'content']) }]),
      ...dropIns,
    ];
  });
}

/** Each command as a script of its own. */
function commandsOf(list: unknown, name: string): EmbeddedText[] {
  return asArray(list).map((command, at) => {
    const text = Array.isArray(command)
      ? command.map((word) => quoted(asText(word) ?? '')).join(' ')
      : (asText(command) ?? '');
    return { path: `/${name}/${String(at)}.sh`, text, pointer: pointerOf([name, String(at)]) };
  });
}

function quoted(word: string): string {
  return /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
