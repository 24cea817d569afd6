// The components of a host whose files and units one document declares.

import type { Origin, Problem } from '../../policy/reading.ts';
import type { Subject } from '../../policy/subject.ts';
import type { Budget } from '../budget.ts';
import { withOrigins, type ConfigurationPlace } from '../inputs/configuration.ts';
import type { EmbeddedText } from '../inputs/input.ts';
import { countsTogether, textInputOf } from '../inputs/texts.ts';
import { recogniseHost } from './host.ts';

/** What a document declares for a host. */
export interface DeclaredHost {
  /** What its units start. */
  readonly subjects: readonly Subject[];
  readonly problems: readonly Problem[];
  /** The files that are no part of that: each counts by itself. */
  readonly rest: readonly EmbeddedText[];
}

/**
 * The components that the units of a declared host would start with its files.
 *
 * @param files its files and units, by their paths on the host
 */
export function declaredHost(
  files: readonly EmbeddedText[],
  { name, kind, source, vantage, surface }: ConfigurationPlace,
  budget: Budget,
): DeclaredHost {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const { parts, used } = recogniseHost({ form: 'files', source, files: [...byPath.values()] }, budget);
  const taken = new Set(used);
  const isPart = (file: EmbeddedText): boolean => {
    const input = textInputOf({ ...file, source, vantage, budget });
    return taken.has(file.path) || (input !== undefined && countsTogether(input));
  };
  const place = (own: string, origin: Origin): Origin => placed(byPath.get(origin.file ?? own), origin);
  return {
    subjects: parts.flatMap(({ subjects, source: own }) =>
      subjects.map((subject) => {
        const unit = subject.name.name;
        const named = {
          ...subject,
          source,
          vantage,
          surface,
          name: { ...subject.name, name: `${name}/${unit}`, kind },
        };
        return withOrigins(named, (origin) => place('path' in own ? own.path : '', origin));
      }),
    ),
    problems: parts.flatMap(({ problems, source: own }) =>
      problems.map((problem) => ({
        ...problem,
        origin: place('path' in own ? own.path : '', problem.origin ?? { layer: 'file' }),
      })),
    ),
    rest: [...byPath.values()].filter((file) => !isPart(file)),
  };
}

/** An origin in a file of the host, as a place in the document. */
function placed(file: EmbeddedText | undefined, { layer, line }: Origin): Origin {
  if (file === undefined) return { layer };
  return { layer, pointer: file.pointer, ...(line !== undefined && { lineWithin: line }) };
}
