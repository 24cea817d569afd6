// What a single executable of a release has inside, because no files of the package are beside it.

/**
 * Reads a file inside the executable.
 *
 * @param path its path in the package
 * @returns its text; undefined if the program is not a single executable
 */
export function embeddedFile(path: string): string | undefined {
  const sea = process.getBuiltinModule('node:sea');
  return sea.isSea() ? sea.getAsset(path, 'utf8') : undefined;
}

/** Lists the files in a folder inside the executable: none if the program is not one. */
export function embeddedFiles(folder: string): readonly string[] {
  const sea = process.getBuiltinModule('node:sea');
  return sea.isSea() ? sea.getAssetKeys().filter((path) => path.startsWith(`${folder}/`)) : [];
}
