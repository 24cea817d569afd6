// What a file is by its name: configuration, or something that only describes or makes it.

import { extensionOf, fileNameOf } from './file-names.ts';

/**
 * `configuration`: what nothing reads can be a problem. `prose`, `script`: only what is recognised counts. `other`: source code,
 * documentation, images, archives and the like, which are not opened.
 */
export type FileClass = 'configuration' | 'prose' | 'script' | 'other';

const OTHER = new Set(
  [
    // source code
    'go py pyi ts tsx mts cts js jsx mjs cjs java kt kts groovy gradle rs c cc cpp cxx h hh hpp cs fs vb rb php swift m mm scala',
    'lua pl pm sql proto dart ex exs erl hs clj r jl vue svelte css scss sass less html htm xhtml xml xsl xsd svg graphql rego cue',
    'jsonnet libsonnet star bzl bicep ipynb wasm map d lock sum mod patch diff pyc class o a so dll exe s asm nix dhall',
    // documentation, logs, reports
    'md markdown mdx rst adoc asciidoc org tex pdf doc docx odt ppt pptx xls xlsx log csv tsv sarif out',
    // images, fonts, sound
    'png jpg jpeg gif ico webp bmp tiff avif woff woff2 ttf otf eot mp3 mp4 webm mov wav drawio',
    // archives, disks, packages
    'gz tgz zip tar xz zst bz2 7z rar jar war whl deb rpm apk iso img qcow2 vmdk vhd bin dat db sqlite',
    // keys and certificates
    'pem crt cer key csr der p12 pfx jks pub asc sig gpg age',
  ]
    .join(' ')
    .split(' '),
);
const SCRIPTS = new Set('sh bash zsh fish ksh ps1 psm1 bat cmd awk'.split(' '));
const PROSE = new Set(['txt', 'text']);
const OTHER_NAMES =
  /^(?:Makefile|GNUmakefile|Dockerfile.*|Containerfile|Jenkinsfile|Vagrantfile|Rakefile|Gemfile|Justfile|Tiltfile|LICENSE.*|README.*|CHANGELOG.*|NOTICE.*|OWNERS.*|CODEOWNERS|package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|go\.work|\.gitignore|\.gitattributes|\.editorconfig|\.dockerignore|\.helmignore)$/i;

/** The class of a file. A template has the class of what is made from it. */
export function fileClass(path: string): FileClass {
  const name = fileNameOf(path);
  const extension = extensionOf(name);
  if (OTHER.has(extension) || OTHER_NAMES.test(name)) return 'other';
  if (SCRIPTS.has(extension)) return 'script';
  return PROSE.has(extension) ? 'prose' : 'configuration';
}

/** Whether a file that cannot be read is ours by its name: a manifest or a configuration of a component. */
export function hasOurName(path: string): boolean {
  const name = fileNameOf(path);
  return /^(?:kube-?api-?server|kubelet|kubeadm)/i.test(name) && /^(?:ya?ml|json|manifest)$/.test(extensionOf(name));
}
