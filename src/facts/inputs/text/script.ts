// Shell scripts of a machine's first start: what they run of what is known, and settings that they name otherwise.

import type { Problem } from '../../../policy/reading.ts';
import type { Subject } from '../../../policy/subject.ts';
import { settingNamedIn } from '../../declared/setting-names.ts';
import { readScript } from '../../launch/shell/shell.ts';
import { withOrigins, type ConfigurationPlace } from '../configuration.ts';
import { bootstrapKubelet, isBootstrap } from '../eks/bootstrap.ts';
import type { FoundText, ReadText, TextInput } from './text-input.ts';

/** A script of a shell. */
export const script: TextInput = {
  name: 'shell scripts that run `bootstrap.sh` of EKS',
  surfaces: ['declared-cluster'],
  matches: ({ path, text }) => path.endsWith('.sh') || /^#!.{0,80}\b(?:ba|da|a|k|z)?sh\b/.test(text),
  read,
};

function read({ text, source, vantage, budget }: FoundText): ReadText {
  const named = settingNamedIn(text);
  if (named === undefined && !text.includes('bootstrap.sh')) return { subjects: [], problems: [] };
  const place: ConfigurationPlace = {
    name: 'bootstrap.sh',
    kind: 'EKS bootstrap.sh',
    source,
    vantage,
    surface: 'declared-cluster',
  };
  const { commands, doubt } = readScript(text, new Map(), 'sh', [], undefined, budget);
  const others = commands.filter(({ words }) => !isBootstrap(words));
  const changes = others.some(({ words }) =>
    words.some((word) => settingNamedIn(word.text) !== undefined || word.text.includes('kubelet-config')),
  );
  const doubts: Problem[] = doubt !== undefined || changes ? [uncertain(doubt)] : [];
  const subjects: Subject[] = commands
    .filter(({ words }) => isBootstrap(words))
    .flatMap(({ words }) => bootstrapKubelet(words, place, doubts, budget));
  const line = named?.line ?? text.slice(0, text.indexOf('bootstrap.sh')).split('\n').length;
  if (subjects.length > 0 || named === undefined)
    return {
      subjects: subjects.map((subject) =>
        withOrigins({ ...subject, platform: 'eks' }, ({ layer }) => ({ layer, line })),
      ),
      problems: [],
    };
  const message = `the script names ${named.name}, and what it changes on the host is not read; check the file that it writes, or check the node with kubelet-guard node`;
  return { subjects: [], problems: [{ code: 'not-read', message, origin: { layer: 'file', line: named.line } }] };
}

function uncertain(doubt = 'other commands of the script may change the kubelet'): Problem {
  return { code: 'unresolved', message: `${doubt}; check the node with kubelet-guard node` };
}
