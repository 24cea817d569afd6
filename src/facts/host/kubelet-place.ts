// Where a kubelet of a host serves, its node's name and its static pods.

import type { ProcessDocument, ProcessFiles } from '../../policy/document.ts';
import { flagTable } from '../argv/flags.ts';
import { parseCommandLine } from '../argv/pflag.ts';
import type { Word } from '../argv/words.ts';
import type { Budget } from '../budget.ts';
import {
  applyDocument,
  firstDocument,
  readKubeletConfiguration,
  startingPoint,
  type Layered,
} from '../kubelet/configuration.ts';
import { foldedPath } from '../kubelet/fields.ts';
import { isAbsolute, joinPath } from '../values/paths.ts';
import { commandOf } from './command.ts';

/** Settings of a kubelet of a host that no control checks. */
export interface KubeletPlace {
  /** The name of its node, if a flag sets it. */
  readonly hostname?: string;
  /** The file that names its API server and its client certificate. */
  readonly kubeconfig?: string;
  readonly staticPodPath?: string;
  readonly address: string;
  readonly port: number;
}

const PORT = 10250;
/** The place of a kubelet whose settings are unknown. */
export const DEFAULT_PLACE: KubeletPlace = { address: '', port: PORT };

/** Results for as long as the files of a process are open, because several callers need them. */
const places = new WeakMap<ProcessFiles, KubeletPlace>();

/** Where a kubelet serves and has its static pods, as its present settings show it. */
export function kubeletPlace(document: ProcessDocument, budget: Budget): KubeletPlace {
  const place = places.get(document.files) ?? findPlace(document, budget);
  places.set(document.files, place);
  return place;
}

function findPlace(document: ProcessDocument, budget: Budget): KubeletPlace {
  const { files } = document;
  const command = commandOf(document, files, budget);
  const words = ('problem' in command ? undefined : command.words) ?? [];
  const flags = flagsOf(words, budget);
  const config = effectiveConfig(flags, files, budget);
  const hostname = flags('hostname-override') ?? '';
  const kubeconfig = joinPath(flags('kubeconfig') ?? '', '');
  const manifests = flags('pod-manifest-path') ?? config.staticPodPath ?? '';
  return {
    ...(hostname !== '' && { hostname }),
    ...(kubeconfig !== '' && { kubeconfig }),
    ...(manifests !== '' && { staticPodPath: manifests }),
    address: flags('address') ?? config.address ?? '',
    port: portOf(flags('port')) ?? portOf(config.port) ?? PORT,
  };
}

/** Zero means the default. */
function portOf(value: string | number | undefined): number | undefined {
  const port = Number(value);
  return Number.isInteger(port) && port > 0 ? port : undefined;
}

/** The flags for where the kubelet serves. Undefined: not set, or not known. */
function flagsOf(words: readonly Word[], budget: Budget): (name: string) => string | undefined {
  const table = flagTable('kubelet', undefined);
  const { assignments, unclear } = parseCommandLine(words, table, { emptyPositionals: false, budget });
  return (name) => {
    const assignment = unclear ? undefined : assignments.get(name);
    return assignment?.word.holes === true ? undefined : assignment?.value;
  };
}

function effectiveConfig(
  flags: (name: string) => string | undefined,
  files: ProcessFiles,
  budget: Budget,
): { readonly staticPodPath?: string; readonly address?: string; readonly port?: number } {
  const path = joinPath(flags('config') ?? '', '');
  const content = path === '' ? undefined : files.readFile(path);
  const base = content?.state === 'read' ? firstDocument(content.text, path, budget) : undefined;
  const read = base === undefined || 'state' in base ? undefined : readKubeletConfiguration(base, path);
  let layered: Layered = read === undefined || 'refusal' in read ? startingPoint() : read;
  const written = foldedPath(layered.config, ['staticpodpath']);
  const directory = flags('config-dir') ?? '';
  const dropIns = directory === '' ? [] : files.readDropIns(directory);
  for (const dropIn of 'state' in dropIns ? [] : dropIns) {
    const document = firstDocument(dropIn.text, dropIn.path, budget);
    const step = 'state' in document ? document.step : applyDocument(layered, document, dropIn.path, budget);
    if (!('refusal' in step)) layered = step;
  }
  const [pods, address, port] = ['staticpodpath', 'address', 'port'].map((name) => foldedPath(layered.config, [name]));
  return {
    ...(typeof pods === 'string' && { staticPodPath: pods === written ? besides(path, pods) : pods }),
    ...(typeof address === 'string' && { address }),
    ...(typeof port === 'number' && { port }),
  };
}

/** Paths in the file of --config are relative to its folder, those of drop-ins and flags to the working directory. */
function besides(configPath: string, path: string): string {
  if (path === '' || isAbsolute(path)) return path;
  return joinPath(configPath.slice(0, configPath.lastIndexOf('/') + 1), path);
}
