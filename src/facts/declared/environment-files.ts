// Environment files of units, by their paths and their first line.

import type { NamedText } from '../../policy/document.ts';
import { withoutTemplate } from './tree/paths.ts';

/** The names and folders of environment files; a text with such a name still has to look like one. */
const ENVIRONMENT = /(?:\.env|\/(?:default|sysconfig)\/[^/]+|^(?:default|sysconfig)\/[^/]+|\/etc\/kubernetes\/[^/.]+)$/;
/** The first line that is no comment. */
const ASSIGNMENT = /^(?:[ \t]*(?:[#;].*)?\r?\n)*[ \t]*(?:export[ \t]+)?[A-Za-z_]\w*=/;

/** Whether a file can be the environment file of a unit. */
export function isEnvironmentFile({ path, text }: NamedText): boolean {
  return ENVIRONMENT.test(withoutTemplate(path)) && ASSIGNMENT.test(text);
}
