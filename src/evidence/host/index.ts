// The evidence `proc`: the processes and files of the host itself. The command `node` reads it with the files of this folder.

import type { EvidenceKind } from '../evidence.ts';

export const host = {
  name: 'proc',
  via: 'proc',
  sweep: false,
  node: true,
  default: true,
  help: 'the processes of the host, their command lines and files, static pods and units; needs root',
  rights: [],
  asks: 'host',
} as const satisfies EvidenceKind;
