import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

const folder = join(import.meta.dirname, '../fixtures');

/** One fixture of a control. */
export interface Fixture {
  readonly slug: string;
  /** The folder of the fixture, which is its expected result. */
  readonly result: string;
  readonly name: string;
  /** `SLUG/RESULT/NAME`. */
  readonly id: string;
  readonly text: string;
}

/** The fixtures of a control, in order. */
export function fixturesOf(slug: string): Fixture[] {
  const root = join(folder, slug);
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
    .map((path) => {
      const [result = '', file = ''] = path.split('/');
      const name = file.replace(/\.yaml$/, '');
      return { slug, result, name, id: `${slug}/${result}/${name}`, text: readFileSync(join(root, path), 'utf8') };
    });
}
