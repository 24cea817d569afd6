// Parts of a file's path. The ending of a template or of a copy does not count.

const OUTER_ENDINGS =
  /(?:~|\.(?:j2|jinja2?|tpl|tmpl|gotmpl|erb|template|tftpl|in|envsubst|mustache|hbs|bak|orig|old|save|backup|disabled|rpmsave|rpmnew|dpkg-old|dpkg-dist)){1,3}$/i;

/** The file's name, without its folder and without the ending of a template or of a copy. */
export function fileNameOf(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1).replace(OUTER_ENDINGS, '');
}

/** The ending of a name in lower case, without its dot. */
export function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? '' : name.slice(dot + 1).toLowerCase();
}

/** The folder of a path: its last name. */
export function folderNameOf(path: string): string {
  return path.split(/[/\\]/).at(-2) ?? '';
}

/** The end of a path, which says what the file is for. What is above can be anything, as the name of a repository. */
export function nearestNames(path: string): string {
  return path.split(/[/\\]/).slice(-3).join('/');
}
