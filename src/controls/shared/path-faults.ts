// Values that cannot be the path of a file with content, as far as that is certain from the value alone.

/** What codes of controls say about such values. */
export function unusableAs(what: string): string {
  return `The value cannot be the path of ${what}: a null device, a directory, white space or a backslash at its end, quotes that no shell has removed, a variable that nothing replaces, several values in one.`;
}

const NULL_DEVICE = /^(?:\/+\.)*\/+dev(?:\/+\.)*\/+(?:null|zero|full|u?random)$|^(?:\\\\\.\\)?nul:?$/i;
const QUOTED = /^\\?["'`\u2018-\u201f]|["'`\u2018-\u201f]$/;
const DIRECTORY = /(?:^|[\\/])\.{0,2}$/;
/** Folders of nodes, by their usual names. Nobody has a file of these names. */
const FOLDER = /^\/(?:etc|srv|var|var\/lib|var\/run)(?:\/(?:kubernetes|kubelet|pki|ssl|certs))*$/;
/** Also of a folder on the way. */
const BLANK_AT_END = /(?:^|\/)\s|\s(?:\/|$)/;
/** Characters that a terminal does not show, or that end a line. File names have none. */
// eslint-disable-next-line no-control-regex -- control characters are the point
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;
/** What follows a path where a shell or a parser of lists was expected to take the value apart. */
const FURTHER_WORD = /\s(?:--?[A-Za-z]|#|&&|\|)/;
const SEVERAL_PATHS = /[,;]\/|[,;][A-Za-z]:[\\/]|.{2}:\//;
const URL = /^[A-Za-z][A-Za-z0-9+.-]{1,20}:\/\//;

/**
 * Why no file with content can be at a path; undefined if one may be there.
 *
 * @param path not empty
 * @param useless what happens if the file holds nothing, to complete a sentence
 * @param others the paths of other files of the same component
 */
export function pathFault(path: string, useless: string, others: readonly string[]): string | undefined {
  if (path.trim() === '') return 'white space is not a path';
  if (isNullDevice(path)) return useless;
  if (path.startsWith('-----BEGIN') || path.startsWith('LS0tLS1CRUdJTi'))
    return 'it is the content of the file, and not its path';
  if (QUOTED.test(path)) return 'the quotes are part of the file name, because no shell removes them';
  if (INVISIBLE.test(path))
    return 'it holds a character that is not visible, such as a line break, which no file name has';
  if (BLANK_AT_END.test(path))
    return 'the white space at its beginning or end is part of the file name, because no shell removes it';
  if (/^\\[^\\A-Za-z]|\\$/.test(path))
    return 'the backslash is part of the file name, because no shell removes it: there is no such file';
  if (/(?:^|\/)~\//.test(path)) return 'no shell replaces the tilde: write the path of the home directory';
  if (URL.test(path)) return 'it is a URL, and a path is needed';
  if (FURTHER_WORD.test(path))
    return 'all of it is one file name, because no shell takes it apart: make each flag an entry of its own';
  if (SEVERAL_PATHS.test(path)) return 'all of it is one file name: only one file can be given';
  if (isFolder(path, others)) return 'it is a directory, and a file is needed';
  return undefined;
}

/** Whether a path is /dev/null or a device that is as useless, however it is spelled. */
function isNullDevice(path: string): boolean {
  return NULL_DEVICE.test(path);
}

function isFolder(path: string, others: readonly string[]): boolean {
  return DIRECTORY.test(path) || FOLDER.test(path) || others.some((other) => other.startsWith(`${path}/`));
}
