// Texts that are no objects of YAML or JSON: whether one uses a setting, starts a component, or is an error answer.

import { declaredIn } from './declarations.ts';
import { hasOurName } from './file-class.ts';
import { nearestNames } from './file-names.ts';
import { isAboutKubelets, isUnambiguous, settingUsedIn } from './setting-names.ts';

/** What makes a text ours, and the line, counted from 1. */
export interface TextSign {
  /** The end of a sentence that begins with the file. */
  readonly what: string;
  readonly line: number;
}

/** Whole lines that are comments in YAML, shell, INI, HCL and systemd units. */
const COMMENT = /^[ \t]*(?:#(?!cloud-config)|\/\/|;).*$/gm;
/** A container or a unit that runs a component. */
const STARTED =
  /^[ \t-]*image["']?[ \t]*:.{0,200}\bkube-apiserver\b|^[ \t-]*["']?(?:command|ExecStart)["']?[ \t]*[:=].{0,200}\b(?:kube-apiserver|kubelet)\b|^[ \t]*-[ \t]*["']?(?:\/[\w./-]{0,100}\/)?kube-apiserver["']?[ \t]*$/m;

/**
 * What makes a text ours: it uses a setting, declares a component or starts one.
 *
 * @param path tells whether a setting that other programs have, too, is a kubelet's
 */
export function signIn(text: string, path: string): TextSign | undefined {
  const content = text.replace(COMMENT, '');
  const used = settingIn(content, path);
  if (used) return { what: `sets ${used.name}`, line: lineAt(content, used.at) };
  const declared = declaredIn(content);
  if (declared) return { what: declared.what, line: lineAt(content, declared.at) };
  const started = STARTED.exec(content);
  return started ? { what: 'starts a component', line: lineAt(content, started.index) } : undefined;
}

/** Whether a text that cannot be read is ours, by what it holds or by its name. */
export function isOurs(text: string, path: string): boolean {
  return hasOurName(path) || signIn(text, path) !== undefined;
}

function settingIn(content: string, path: string): ReturnType<typeof settingUsedIn> {
  const used = settingUsedIn(content);
  if (used === undefined) return undefined;
  return isUnambiguous(used.name) || isAboutKubelets(content) || isAboutKubelets(nearestNames(path)) ? used : undefined;
}

function lineAt(text: string, end: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < end; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}

/** Kinds of texts that are known and not read. */
const TEXT_KINDS: readonly {
  readonly names: string;
  readonly instead: string;
  readonly form: RegExp;
  readonly always?: true;
}[] = [
  {
    names: "Bottlerocket's settings",
    instead: 'check the kubelet that they configure: kubelet-guard sweep',
    form: /^\[settings\.kubernetes[\].]/m,
    always: true,
  },
];
const BY_ENDING: readonly { readonly names: string; readonly instead: string; readonly ending: RegExp }[] = [
  {
    names: 'Terraform configurations',
    instead: 'check the files that it writes, or the cluster that it makes: kubelet-guard sweep',
    ending: /\.(?:tf|tfvars|tofu|hcl)$/,
  },
  {
    names: 'files of arguments, as those of MicroK8s,',
    instead: 'check the host: kubelet-guard node',
    ending: /(?:^|[/\\])args[/\\][\w-]+$/,
  },
  { names: 'TOML files', instead: 'check what is made of it: kubelet-guard sweep', ending: /\.toml$/ },
];

/** A kind of text that is known and not read. */
export interface UnreadTextKind {
  /** In the plural. */
  readonly names: string;
  readonly instead: string;
  /** Whether it is a problem even if it does not use a setting. */
  readonly always?: true;
}

/** The kind of a text, if it is known. */
export function textKindOf(text: string, path: string): UnreadTextKind | undefined {
  return TEXT_KINDS.find(({ form }) => form.test(text)) ?? BY_ENDING.find(({ ending }) => ending.test(path));
}

/** What a text is that is the whole answer of a server that refused; undefined if it is none. */
export function errorAnswer(text: string): string | undefined {
  if (text.length > 1000) return undefined;
  const answer =
    /^(?:Unauthorized|Forbidden \(.*|404 page not found|401 Unauthorized|403 Forbidden|Client sent an HTTP request to an HTTPS server\.|error: You must be logged in to the server.*)\s*$/s;
  return answer.test(text.trimStart()) ? text.trim().slice(0, 80) : undefined;
}
