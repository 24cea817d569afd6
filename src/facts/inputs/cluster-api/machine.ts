// What Cluster API's bootstrap providers give to a machine besides kubeadm's documents: files and commands (cluster-api
// bootstrap/kubeadm/api, type File).

import { asRecords, asString, asStrings, asText, type UnknownRecord } from '../../../json.ts';
import type { Problem } from '../../../policy/reading.ts';
import { settingNamedIn } from '../../declared/setting-names.ts';
import { decodeBase64 } from '../../values/base64.ts';
import { pointerOf } from '../../values/shape.ts';
import type { EmbeddedText } from '../input.ts';

/** The files of a machine. */
export interface MachineFiles {
  readonly texts: readonly EmbeddedText[];
  /** The files whose content the object does not show, or shows compressed. */
  readonly hidden: readonly { readonly path: string; readonly why: string; readonly pointer: string }[];
}

/**
 * The files that an object gives to its machines.
 *
 * @param list its field `files`
 * @param names the way to the field
 */
export function machineFiles(list: unknown, names: readonly string[]): MachineFiles {
  const texts: EmbeddedText[] = [];
  const hidden: MachineFiles['hidden'][number][] = [];
  for (const [at, { path, content, contentFrom, encoding }] of asRecords(list).entries()) {
    if (typeof path !== 'string') continue;
    const pointer = pointerOf([...names, String(at), contentFrom === undefined ? 'content' : 'contentFrom']);
    const how = asText(encoding) ?? '';
    const written = asString(content) ?? '';
    const text = how === 'base64' ? decodeBase64(written) : written;
    if (contentFrom !== undefined) hidden.push({ path, why: 'it stands in a Secret', pointer });
    else if (how.includes('gzip')) hidden.push({ path, why: 'it is compressed with gzip', pointer });
    else if (text === undefined) hidden.push({ path, why: 'its base64 holds no text', pointer });
    else texts.push({ path, text, pointer });
  }
  return { texts, hidden };
}

const COMMANDS = [
  ...['bootCommands', 'preKubeadmCommands', 'postKubeadmCommands'],
  ...['preBootstrapCommands', 'postBootstrapCommands', 'preNodeadmCommands'],
];

/** Commands that name a setting may change it, before or after kubeadm or the script of the image. */
export function commandDoubts(spec: UnknownRecord, names: readonly string[]): Problem[] {
  return COMMANDS.flatMap((field) =>
    asStrings(spec[field]).flatMap((command, at): Problem[] => {
      const setting = settingNamedIn(command);
      if (setting === undefined) return [];
      const message = `a command names ${setting.name} and may change it, so the machine's settings are not known; set it in the object's own fields, or check the node with kubelet-guard node`;
      return [
        { code: 'unresolved', message, origin: { layer: 'file', pointer: pointerOf([...names, field, String(at)]) } },
      ];
    }),
  );
}
