// Paths as Go's path/filepath sees them on Linux; a path that begins with a drive or a backslash counts as a Windows path.

const ABSOLUTE = /^(?:[\\/]|[A-Za-z]:[\\/])/;

/** Tells whether a path is absolute, on Linux or Windows. */
export function isAbsolute(path: string): boolean {
  return ABSOLUTE.test(path);
}

/** filepath.Join of two elements: cleaned, `..` resolved without a file system. */
export function joinPath(directory: string, path: string): string {
  const rooted = directory.startsWith('/');
  const segments: string[] = [];
  for (const segment of `${directory}/${path}`.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..' && (rooted || (segments.length > 0 && segments.at(-1) !== '..'))) segments.pop();
    else segments.push(segment);
  }
  return `${rooted ? '/' : ''}${segments.join('/')}`;
}

/** A path that cleaning would change. */
const UNCLEAN = /\\|\/\/|\/\.{1,2}(?:\/|$)|.\/$/;

/** A path with `.`, `..`, repeated and trailing slashes resolved, and Windows' slashes turned round. */
export function cleanPath(path: string): string {
  return UNCLEAN.test(path) ? joinPath(path.replaceAll('\\', '/'), '') : path;
}

/** Tells whether a clean path is a clean directory or lies below it. */
export function isWithin(directory: string, path: string): boolean {
  if (!path.startsWith(directory)) return false;
  return path.length === directory.length || directory === '/' || path.charAt(directory.length) === '/';
}
