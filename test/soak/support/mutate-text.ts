// Changes of a YAML or JSON text, as a person, a tool or an attacker makes them.

import type { Random } from './random.ts';

const SIGNS: readonly string[] = [
  ...' \t\n\r:-?#\'"[]{},&*!|>%@`~<=\\/0az.$()'.split(/(?:)/u),
  ...['\u0000', '\u0085', '\u00a0', '\u2028', '\ufeff', 'é'],
];
const SNIPPETS = [
  ...[
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '# comment\n',
    '? ',
    ': ',
    '- ',
    '<<: *a',
    '&a ',
    '*a',
    '!!str ',
    '!!merge ',
    '! ',
  ],
  ...[
    'null',
    '~',
    '""',
    "''",
    'true',
    '{}',
    '[]',
    '|\n',
    '>-\n',
    '\r\n',
    '\t',
    '    ',
    '\\u0000',
    '0x1',
    '1e3',
    '.inf',
  ],
  ...[
    'authentication:\n',
    '  x509:\n',
    '    clientCAFile: ""\n',
    '    clientCAFile: /etc/kubernetes/pki/ca.crt\n',
    'x509: {}',
  ],
  ...[
    '  x509: {clientCAFile: ""}\n',
    'authentication: {x509: {clientCAFile: /a}}\n',
    'CLIENTCAFILE: ""',
    'clientcafile: /b',
  ],
  ...['apiVersion: kubelet.config.k8s.io/v1beta1\n', 'kind: KubeletConfiguration\n', 'kind: ClusterConfiguration\n'],
  ...[
    'apiServer:\n',
    '  extraArgs:\n',
    '  - name: kubelet-client-key\n    value: ""\n',
    '    kubelet-client-certificate: ""\n',
  ],
  ...['apiVersion: kubeadm.k8s.io/v1beta3\n', 'apiVersion: kubeadm.k8s.io/v1beta4\n', 'featureGates: {}\n'],
];

/** The text with one change. */
export function mutateText(random: Random, text: string, others: readonly string[]): string {
  const at = random.below(text.length + 1);
  const end = Math.min(text.length, at + 1 + random.below(8));
  switch (random.below(12)) {
    case 0:
      return text.slice(0, at) + random.pick(SIGNS) + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(end);
    case 2:
      return text.slice(0, at) + random.pick(SIGNS) + text.slice(at + 1);
    case 3:
      return text.slice(0, at) + random.pick(SNIPPETS) + text.slice(at);
    case 4:
      return text.slice(0, at);
    case 5:
      return text.slice(0, end) + text.slice(at);
    case 6:
      return spliced(random, text, random.pick(others));
    case 7:
      return text.replaceAll('\n', random.pick(['\r\n', '\n\n', '\n ', '\r', '\u0085']));
    default:
      return mutateLines(random, text);
  }
}

/** The beginning of one text with the end of another. */
function spliced(random: Random, text: string, other: string): string {
  return text.slice(0, random.below(text.length + 1)) + other.slice(random.below(other.length + 1));
}

function mutateLines(random: Random, text: string): string {
  const lines = text.split('\n');
  const at = random.below(lines.length);
  const line = lines[at] ?? '';
  switch (random.below(6)) {
    case 0:
      return lines.toSpliced(at, 1).join('\n');
    case 1:
      return lines.toSpliced(random.below(lines.length + 1), 0, line).join('\n');
    case 2:
      return lines
        .with(at, random.pick([` ${line}`, `  ${line}`, line.trimStart(), `\t${line}`, `${line} `]))
        .join('\n');
    case 3:
      return lines
        .with(at, random.pick([`# ${line}`, `${line} # c`, `- ${line}`, `? ${line}`, `"${line}"`]))
        .join('\n');
    case 4:
      return lines
        .with(at, line.replace(/:.*$/, random.pick([':', ': null', ': ""', ': {}', ': |', ': &a', ': *a'])))
        .join('\n');
    default: {
      const from = random.below(lines.length);
      return lines.toSpliced(at, 1).toSpliced(from, 0, line).join('\n');
    }
  }
}
