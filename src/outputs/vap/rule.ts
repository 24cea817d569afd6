// The rule of a kube-apiserver control as CEL, for command lines that can be read word by word. Of any other command line it
// neither denies the pod nor says that it passes.
//
// - CEL has no loop that remembers, so the words are joined and split again in front of every `--`. A piece is then a flag
//   with its value, in one word or in two, and the last piece of a flag counts.
// - A word that could be read in two ways (a flag, or the value of the flag before) makes the command line unreadable.
// - To deny, it is enough to know where each flag begins; to say `pass`, every flag and value must be known to be accepted.
// - Only functions that Kubernetes 1.30 has. One expression may cost 1,000,000, so that regular expressions, which cost by
//   the length of both text and pattern, are kept from the many words that need none.

/** A flag of kube-apiserver that every known version has. */
export interface KnownFlag {
  readonly name: string;
  readonly type: string;
}

/** A named CEL expression. */
export interface Named {
  readonly name: string;
  readonly expression: string;
}

/** The parts of a policy that decide about pods. */
export interface Rule {
  readonly matchConditions: readonly Named[];
  readonly variables: readonly Named[];
  /** True unless a container is certain to violate the control. */
  readonly validation: string;
  /** A list of what is wrong. */
  readonly faults: string;
  /** `pass` or `fail` where that is certain, else empty: then there is no annotation. */
  readonly verdict: string;
}

const PROGRAM = String.raw`([-\w./]*/)?kube-apiserver`;
const RUNNER = String.raw`([-\w./]*/)?(go-runner|kube-log-runner)`;
// Go's flag package: one or two dashes, up to the first word that is no flag (component-base logs/kube-log-runner)
const RUNNER_FLAGS = [
  String.raw`\r--?(log-file|log-file-size|log-file-age|flush-interval)(=[^\r]*|\r[^\r]*)`,
  String.raw`\r--?(also-stdout|redirect-stderr)(=[^\r]*)?`,
].join('|');
const RUNNER_START = String.raw`^${RUNNER}(${RUNNER_FLAGS})*(\r--)?\r${PROGRAM}\r`;
const IMAGE = String.raw`(^|/)kube-apiserver(:[^/:@]*)?(@.*)?$`;
const PRINTABLE_WITHOUT_DOLLAR = '^[ -#%-~]*$';
/** Values that cannot be the path of a certificate: empty, white space, quotes that no shell removes, /dev/null. */
const NO_PATH = String.raw`^(\s*|["'].*|.*["']|(/+\.)*/+dev(/+\.)*/+null)$`;
const CLEAN_PATH = String.raw`^(/\.{0,2}[\w+=-][\w.+=-]*)+$`;
/** Paths that may be placeholders of a template, or directories. */
const UNSURE_PATH = String.raw`__[A-Z]|(?i:replace|change)[-_]?(?i:me|this)|^/(etc|srv|var|var/lib|var/run)(/(kubernetes|kubelet|pki|ssl|certs))*$`;
const SERVICE_ACCOUNT_MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const NAME = String.raw`^[^=\r]*`;
const PLAIN_TEXT = '^[ %+-:=@-Z_a-z]*$';
/** Words that a container without kube-apiserver does not contain. */
const TELLING = 'kube-apiserver|hyperkube|kubelite|k3s|rke2|k0s|etcd[-_]servers';

/** Types of flags that accept any value. */
const ANY_TEXT = new Set(['string', 'stringArray', 'configurationMap']);
const INTEGER = '[=\r](0|[1-9][0-9]{0,8})';
const NUMBER = '[=\r][0-9]{1,9}([.][0-9]{1,9})?';
const OCTET = '([1-9]?[0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])';
/** Patterns of values, with their separator, that a flag of the type certainly accepts. It may accept others too. */
const ACCEPTED: Readonly<Record<string, string>> = {
  bool: '(=(true|false))?',
  stringSlice: '[=\r][^"]*',
  int: INTEGER,
  int32: INTEGER,
  int64: INTEGER,
  uint: INTEGER,
  verbosity: INTEGER,
  duration: '[=\r]([0-9]{1,5}(ms|s|m|h)){1,3}',
  float32: NUMBER,
  float64: NUMBER,
  // the second port has to be the larger one
  portRange: '[=\r]([1-9][0-9]{3}|[12][0-9]{4}|30000)-[3-5][0-9]{4}',
  mapStringStringNoSplit: '[=\r][^=]+=.*',
  ip: `[=\r](${OCTET}([.]${OCTET}){3}|::1?)`,
};

const ALL_CONTAINERS = '(object.spec.containers + (has(object.spec.initContainers) ? object.spec.initContainers : []))';
const COMMAND_AND_ARGS =
  '(has(container.command) ? container.command : []) + (has(container.args) ? container.args : [])';
const DIRECTLY: Named = {
  name: 'runs-kube-apiserver-directly',
  expression: `${ALL_CONTAINERS}.exists(container,
  [${COMMAND_AND_ARGS}].exists(words,
    size(words) > 0 && words[0].matches(${raw(`^(${PROGRAM}|${RUNNER})$`)}) &&
    words.exists(word, word.endsWith('kube-apiserver')) && !words.exists(word, word.contains('$'))
  )
)`,
};

/**
 * The rule that flags of kube-apiserver must be the paths of files.
 *
 * @param settings the flags' names, without dashes
 * @param flags the other flags that a passing command line may have; flags whose values CEL cannot check are left out
 */
export function ruleOf(settings: readonly string[], flags: readonly KnownFlag[]): Rule {
  const texts = flags.filter(({ type }) => ANY_TEXT.has(type));
  const others = flags.filter(({ type }) => Object.hasOwn(ACCEPTED, type));
  return {
    matchConditions: [DIRECTLY],
    variables: [
      { name: 'texts', expression: table(texts.map(({ name }) => [name, 'true'])) },
      { name: 'flags', expression: table(others.map(({ name, type }) => [name, `'${type}'`])) },
      {
        name: 'accepted',
        expression: table(Object.entries(ACCEPTED).map(([type, pattern]) => [type, raw(`^${pattern}$`)])),
      },
      { name: 'containers', expression: ALL_CONTAINERS },
      ...READING,
      { name: 'settings', expression: valuesOf(settings) },
      {
        name: 'faults',
        expression: `variables.settings.map(server, server.values.filter(entry, entry[1].matches(${raw(NO_PATH)})).map(entry,
  'container ' + server.container.name + ': --' + entry[0] + ' is missing, empty or no path')
).filter(faults, size(faults) > 0).map(faults, faults.join(', '))`,
      },
      ...PASSING,
    ],
    validation: 'size(variables.faults) == 0',
    faults: 'variables.faults',
    verdict: `size(variables.faults) > 0 ? 'fail' : (
  size(variables.passing) > 0 && size(variables.passing) + size(variables.others) == size(variables.containers)
) ? 'pass' : ''`,
  };
}

const READING: readonly Named[] = [
  {
    // without a command the entrypoint of the image starts the first of args, if it is the upstream image
    name: 'lines',
    expression: `variables.containers.map(container, {
  'container': dyn(container),
  'words': dyn(
    has(container.command) && size(container.command) > 0 ? ${COMMAND_AND_ARGS} :
    has(container.args) && has(container.image) && container.image.matches(${raw(IMAGE)}) ? container.args : []
  )
}).filter(line,
  size(line.words) > 0 && line.words[0].matches(${raw(`^(${PROGRAM}|${RUNNER})$`)}) &&
  line.words.join('').matches(${raw(PRINTABLE_WITHOUT_DOLLAR)})
).map(line, {'container': dyn(line.container), 'first': dyn(line.words[0]), 'text': dyn(line.words.join('\\r') + '\\r')})`,
  },
  {
    name: 'starts',
    expression: `variables.lines.map(line, {
  'container': dyn(line.container),
  'text': dyn(line.text),
  'start': dyn(line.first.endsWith('kube-apiserver') ? line.first + '\\r' : line.text.find(${raw(RUNNER_START)}))
}).filter(line, line.start != '').map(line, {
  'container': dyn(line.container),
  'text': dyn('\\r' + line.text.substring(size(line.start)))
})`,
  },
  {
    // `--` ends the flags
    name: 'servers',
    expression: `variables.starts.filter(server, !server.text.contains('\\r--\\r')).map(server, {
  'container': dyn(server.container),
  'pieces': dyn(server.text.substring(0, size(server.text) - 1).split('\\r--'))
})`,
  },
  {
    // no stray words, no flag whose value is the next flag; nothing that prints and exits, or reads its flags from a file
    name: 'readable',
    expression: `variables.servers.filter(server,
  server.pieces[0] in ['', '\\r'] &&
  !server.pieces.exists(piece,
    piece.startsWith('help') || piece.startsWith('version') || piece.startsWith('openshift')
  ) &&
  server.pieces.all(piece,
    piece in ['', '\\r'] ||
    (piece.contains('=') && !piece.contains('\\r') && !piece.startsWith('-') && !piece.startsWith('=')) ||
    piece.matches(${raw(String.raw`^[^-=\r][^=\r]*\r([^-\r][^\r]*)?$`)}) ||
    (piece.replace('_', '-') in variables.flags && variables.flags[piece.replace('_', '-')] == 'bool')
  )
)`,
  },
];

const PASSING: readonly Named[] = [
  {
    // a path must lie below a mount, unless the container shows none
    name: 'visible',
    expression: `variables.settings.map(server, {
  'server': dyn(server),
  'mounts': dyn((has(server.container.volumeMounts) ? server.container.volumeMounts : [])
    .map(mount, mount.mountPath).filter(path, path != '${SERVICE_ACCOUNT_MOUNT}'))
}).filter(line, line.server.values.all(entry,
  entry[1].matches(${raw(CLEAN_PATH)}) && !entry[1].matches(${raw(UNSURE_PATH)}) &&
  !line.server.values.exists(other, other[1].startsWith(entry[1] + '/')) && (
    size(line.mounts) == 0 || line.mounts.exists(path,
      path.matches(${raw(CLEAN_PATH)}) && (entry[1] == path || entry[1].startsWith(path + '/')))
  )
)).map(line, line.server)`,
  },
  {
    // one that takes any text has it, or the command line would not be readable
    name: 'choosy',
    expression: `variables.visible.map(server,
  server.pieces.filter(piece, !(piece.find(${raw(NAME)}).replace('_', '-') in variables.texts))
)`,
  },
  {
    name: 'passing',
    expression: `variables.choosy.filter(pieces, pieces.all(piece, piece in ['', '\\r'] ||
  [piece.find(${raw(NAME)})].all(name, name.replace('_', '-') in variables.flags &&
    piece.substring(size(name)).matches(variables.accepted[variables.flags[name.replace('_', '-')]])
  )
))`,
  },
  {
    name: 'plain',
    expression: `variables.containers.map(container,
  ([container.name, has(container.image) ? container.image : ''] + ${COMMAND_AND_ARGS}).join(' ')
).filter(text, text.matches(${raw(PLAIN_TEXT)}))`,
  },
  { name: 'others', expression: `variables.plain.filter(text, !text.matches(${raw(TELLING)}))` },
];

/** The last value of each flag of a readable command line, or nothing. */
function valuesOf(settings: readonly string[]): string {
  const entries = settings.map((name) => {
    const spelled = raw(`^${name.replaceAll('-', '[-_]')}[=\\r]`);
    const [prefix = ''] = name.split('-', 1);
    const found = `server.pieces.filter(piece, piece.startsWith('${prefix}') && piece.matches(${spelled}))`;
    return `['${name}', [${found}].map(given, size(given) == 0 ? '' : given[size(given) - 1].substring(${name.length + 1}))[0]]`;
  });
  return `variables.readable.map(server, {
  'container': dyn(server.container),
  'pieces': dyn(server.pieces),
  'values': dyn([
    ${entries.join(',\n    ')}
  ])
})`;
}

function table(entries: readonly (readonly [key: string, value: string])[]): string {
  return `{\n${entries.map(([key, value]) => `  '${key}': ${value}`).join(',\n')}\n}`;
}

/** A CEL string in which a backslash is a backslash. */
function raw(text: string): string {
  const written = text.replaceAll('\r', String.raw`\r`);
  return written.includes("'") ? `r'''${written}'''` : `r'${written}'`;
}
