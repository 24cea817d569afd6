// Commands inside remedies are found, in the remedies of all controls.
import { describe, expect, test } from '@jest/globals';

import { controls } from '../../../../src/controls/index.ts';
import { splitCommands } from '../../../../src/outputs/html/findings/commands.ts';
import { remedies } from '../../../../src/policy/benchmarks/remedy.ts';

const all = controls.flatMap(({ remediation }) => remedies(remediation).map(({ text }) => text));
const commandsIn = (text: string) => splitCommands(text).filter((_, at) => at % 2 === 1);

describe('the commands of a remedy', () => {
  test('are between the words, and nothing is lost', () => {
    for (const text of all) expect(splitCommands(text).join('')).toBe(text);
  });

  test.each([
    [
      'restart it: systemctl daemon-reload; systemctl restart kubelet.',
      ['systemctl daemon-reload', 'systemctl restart kubelet'],
    ],
    [
      'kubectl edit configmap kubeadm-config -n kube-system; kubeadm uses it.',
      ['kubectl edit configmap kubeadm-config -n kube-system'],
    ],
    ['(oc get kubeletconfig) and so on', ['oc get kubeletconfig']],
    ['restart it: systemctl restart k3s (or k3s-agent).', ['systemctl restart k3s']],
    ['systemctl alone is a word, and kubeadm sets it.', []],
  ])('%s', (text, commands) => {
    expect(commandsIn(text)).toEqual(commands);
  });

  test('no words of a remedy of a control are a command', () => {
    const words = all.flatMap((text) => splitCommands(text).filter((_, at) => at % 2 === 0));
    const missed = words.filter((text) =>
      /\b(?:systemctl|kubectl|talosctl|snap|az|gcloud) [a-z]|kops [a-z-]+ /.test(text),
    );
    expect(missed.filter((text) => !text.includes('default of kops is'))).toEqual([]);
    for (const command of all.flatMap(commandsIn)) expect(command).toMatch(/^[a-z]+ [\w=./ -]+$/);
  });
});
