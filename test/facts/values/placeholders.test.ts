import { describe, expect, test } from '@jest/globals';

import { controls } from '../../../src/controls/index.ts';
import { firstPlaceholder, placeholderIn, renderFirst } from '../../../src/facts/values/placeholders.ts';
import { inspect } from '../../../src/inspect.ts';
import { AMPLE } from '../../support/budget.ts';
import { ofTheLink } from '../../support/controls.ts';

const HEAD = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';

describe('a value holds a placeholder', () => {
  test.each([
    ['{{ .Values.ca }}', 'helm', '{{ .Values.ca }}'],
    ['{{- include "ca" . -}}', 'helm', '{{- include "ca" . -}}'],
    ['/pki/{{ cert }}', 'braces', '{{ cert }}'],
    ['{{ ca | default("/pki/ca.crt") }}', 'jinja', '{{ ca | default("/pki/ca.crt") }}'],
    ['{% if ca %}/pki/ca.crt{% endif %}', 'jinja', '{% if ca %}'],
    ['<%= @ca %>', 'erb', '<%= @ca %>'],
    ['${CA_FILE}', 'dollar', '${CA_FILE}'],
    ['${CA_FILE:-/pki/ca.crt}', 'dollar', '${CA_FILE:-/pki/ca.crt}'],
    ['/pki/$CA', 'dollar', '$CA'],
    ['${{ parameters.ca }}', 'pipeline', '${{ parameters.ca }}'],
    ['$(caFile)', 'pipeline', '$(caFile)'],
    ['#{CA}#', 'pipeline', '#{CA}#'],
    ['<path/to/client-ca-file>', 'sample', '<path/to/client-ca-file>'],
    ['%{ca}', 'sample', '%{ca}'],
    ['%(ca)s', 'sample', '%(ca)s'],
    ['%CA_FILE%', 'sample', '%CA_FILE%'],
    ['@@CA@@', 'sample', '@@CA@@'],
    ['/pki/@CA@', 'sample', '@CA@'],
    ['__CA_FILE__', 'sample', '__CA_FILE__'],
    ['((ca))', 'sample', '((ca))'],
    ['[[ ca ]]', 'sample', '[[ ca ]]'],
    ['REPLACE_ME', 'sample', 'REPLACE_ME'],
    ['/pki/changeme.crt', 'sample', 'changeme'],
    ['TODO', 'sample', 'TODO'],
  ])('%s', (value, kind, text) => {
    expect(placeholderIn(value)).toStrictEqual({ kind, text });
  });

  test.each([
    '/etc/kubernetes/pki/ca.crt',
    String.raw`C:\k\pki\ca.crt`,
    '/pki/ca{1}.crt',
    '/pki/a$',
    '/pki/a$1',
    '/pki/<',
    '/pki/50%',
    '/pki/%20ca%20.crt',
    'user@host',
    '/pki/__init__.crt',
    '/home/todo/ca.crt',
    '/path/to/ca.crt',
    'memory.available<100Mi,nodefs.available<10%,imagefs.available<15%',
    '/interchange/media/ca.crt',
    '{"a":{"b":1}}',
    '[[1]',
  ])('none: %s', (value) => {
    expect(placeholderIn(value)).toBeUndefined();
  });

  test('in a command line $(NAME) is none, because the kubelet replaces it', () => {
    expect(placeholderIn('$(CA)', 'command line')).toBeUndefined();
    expect(placeholderIn('${CA}', 'command line')?.text).toBe('${CA}');
  });

  test('the path of the file tells what renders it', () => {
    const found = { kind: 'braces', text: '{{ ca }}' } as const;
    expect(renderFirst(found, 'roles/node/templates/kubelet.yaml.j2')).toContain('Ansible');
    expect(renderFirst(found, 'chart/templates/apiserver.yaml')).toContain('helm template');
    expect(renderFirst(found, 'kubelet.tftpl')).toContain('terraform');
    expect(renderFirst(found, 'kubelet.yaml')).toContain('Helm');
  });
});

describe('a text that cannot be read holds a placeholder', () => {
  test('the first line outside of comments counts', () => {
    expect(firstPlaceholder('# {{ ansible_managed }}\na: 1\nb: {{ ca }}\nc: {{ d }}\n')).toStrictEqual({
      kind: 'braces',
      text: '{{ ca }}',
      line: 3,
    });
    expect(firstPlaceholder('a: 1\n{{- if .Values.on }}\n')?.kind).toBe('helm');
    expect(firstPlaceholder('{#- header #}\na: 1\n')?.line).toBe(1);
    expect(firstPlaceholder('a: {{\n  b }}\n')).toStrictEqual({ kind: 'braces', text: '{{', line: 1 });
  });

  test('what has none, has none', () => {
    expect(firstPlaceholder('a: {b: ${C}}\n"d\n')).toBeUndefined();
  });

  test('a hostile text takes linear time', () => {
    for (const part of ['{{', '${', '<%', '<a', '%{', '((', '[[', '@A', '__A', '$(', '#{']) {
      const text = part.repeat(50_000);
      // CPU time, so that other programs do not matter
      const before = process.cpuUsage();
      placeholderIn(text);
      firstPlaceholder(text);
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 1000).toBeLessThan(1500);
    }
  });

  test.each([
    ['kubelet.yaml', '{{ ca }}', 'Ansible, Jinja and others'],
    ['kubelet.yaml.j2', '{{ ca }}', 'with Ansible or Jinja'],
    ['templates/kubelet.yaml', '{{ .Values.ca }}', 'helm template CHART'],
  ])('check names the line and what to do: %s, %s', (path, value, advice) => {
    const text = `apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nport: {{ port }}\nca: ${value}\n`;
    const { findings, problems } = inspect(ofTheLink, [{ form: 'text', path, text }], AMPLE);
    expect(findings).toStrictEqual([]);
    expect(problems).toMatchObject([{ problem: { code: 'malformed', origin: { line: 3 } } }]);
    expect(problems[0]?.problem.message).toContain('line 3 holds the placeholder {{ port }}: ');
    expect(problems[0]?.problem.message).toContain(advice.startsWith('helm') ? 'helm template' : advice);
  });
});

test('the line of a placeholder is that of the value, and what is certain beside it still fails', () => {
  const pod = (...words: readonly string[]): string =>
    `apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    image: a:v1.37.2\n    command:\n${words.map((word) => `    - ${word}\n`).join('')}`;
  const outcomeOf = (...words: readonly string[]) =>
    inspect(ofTheLink, [{ form: 'text', path: 'a.yaml', text: pod(...words) }], AMPLE).findings[0]?.outcome;
  const certificate = '--kubelet-client-certificate=/pki/a.crt';
  expect(outcomeOf('kube-apiserver', certificate, '--kubelet-client-key=/pki/{{ key }}')).toMatchObject({
    result: 'unknown',
    problems: [{ code: 'unresolved', origin: { line: 11 } }],
  });
  const key = '--kubelet-client-key=/pki/a.key';
  const port = '--secure-port={{ port }}';
  expect(outcomeOf('kube-apiserver', port)).toMatchObject({ result: 'fail', violations: [{ code: 'missing' }, {}] });
  expect(outcomeOf('kube-apiserver', port, certificate)).toMatchObject({
    violations: [{ setting: '--kubelet-client-key' }],
  });
  expect(outcomeOf('kube-apiserver', port, certificate, key)).toMatchObject({ result: 'unknown' });
  expect(outcomeOf('kube-apiserver', certificate, key, '"{{ extra }}"')).toMatchObject({ result: 'unknown' });
  expect(outcomeOf('kube-apiserver', certificate, key, '--{{ flag }}=true')).toMatchObject({ result: 'unknown' });
});

test('a field that a template fills in makes its own setting unknown, and no other', () => {
  const resultsOf = (text: string): string[] =>
    inspect(controls, [{ form: 'text', path: 'a.yaml', text: `${HEAD}${text}` }], AMPLE).findings.map(
      ({ outcome }) => outcome.result,
    );
  const ca = 'x509: {clientCAFile: /ca.crt}';
  expect(resultsOf(`authentication: {${ca}, anonymous: {enabled: "\${ANON}"}}\n`)).toEqual(['pass', 'unknown', 'pass']);
  expect(resultsOf(`authentication: {${ca}}\nport: \${PORT}\n`)).toEqual(['pass', 'pass', 'pass']);
  expect(resultsOf('port: ${PORT}\n')).toEqual(['fail', 'pass', 'pass']);
  expect(resultsOf('authentication: ${AUTHENTICATION}\n')).toEqual(['unknown', 'unknown', 'unknown']);
});
