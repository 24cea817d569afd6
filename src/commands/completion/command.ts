// The command line of `completion`, and of `__complete`, which the shells' scripts call.

import type { Command } from 'commander';

import { escapeLine } from '../../outputs/printable.ts';
import { defaultKubeconfig } from '../kubeconfig.ts';
import type { Terminal } from '../terminal.ts';
import type { CompletionShell } from './scripts.ts';

const INSTRUCTIONS: Readonly<Record<CompletionShell, string>> = {
  bash: `
Examples:
  # in this shell
  source <(kubelet-guard completion bash)

  # in every shell of this user
  echo 'source <(kubelet-guard completion bash)' >> ~/.bashrc

  # for every user, with the package bash-completion
  kubelet-guard completion bash | sudo tee /usr/share/bash-completion/completions/kubelet-guard`,
  zsh: `
zsh needs its completion system, which most set-ups have loaded: autoload -Uz compinit; compinit

Examples:
  # in this shell
  source <(kubelet-guard completion zsh)

  # in every shell of this user; the folder must be in $fpath before compinit
  kubelet-guard completion zsh > ~/.zsh/completions/_kubelet-guard`,
  fish: `
Examples:
  # in this shell
  kubelet-guard completion fish | source

  # in every shell of this user
  kubelet-guard completion fish > ~/.config/fish/completions/kubelet-guard.fish`,
  powershell: `
Examples:
  # in this shell
  kubelet-guard completion powershell | Out-String | Invoke-Expression

  # in every shell of this user
  kubelet-guard completion powershell >> $PROFILE`,
};

const HELP = `
The completion knows the commands, options, values, control slugs, and contexts of the kubeconfig of the version that is
installed. The command must be on the PATH as kubelet-guard.

Examples:
  source <(kubelet-guard completion bash)    complete in this bash
  kubelet-guard completion zsh --help        show how to set it up in zsh`;

/** Adds `completion`, which prints the completion script of a shell. */
export function addCompletion(root: Command, terminal: Terminal): void {
  const completion = root.command('completion').description('Print the completion script of a shell.');
  for (const [shell, instructions] of Object.entries(INSTRUCTIONS)) {
    completion
      .command(shell)
      .description(`Print the completion script of ${shell === 'powershell' ? 'PowerShell' : shell}.`)
      .addHelpText('after', instructions)
      .action(async () => {
        const { COMPLETION_SCRIPTS } = await import('./scripts.ts');
        terminal.print(COMPLETION_SCRIPTS[shell as CompletionShell]);
      });
  }
  completion.addHelpText('after', HELP);
  root
    .command('__complete', { hidden: true })
    .argument('<current>', 'an equals sign, and the beginning of the word at the cursor')
    .argument('[before...]', 'the words before it')
    .action((current: string, before: readonly string[]) =>
      printCandidates(root, [...before, current.slice(1)], terminal),
    );
}

async function printCandidates(root: Command, words: readonly string[], { env, print }: Terminal): Promise<void> {
  const [{ complete }, { placeholderValues }] = await Promise.all([import('./candidates.ts'), import('./values.ts')]);
  const valuesOf = placeholderValues(defaultKubeconfig({ env }));
  const { candidates, files } = complete(root, words, valuesOf);
  const lines = candidates.map(({ word, description = '' }) => `${escapeLine(word)}\t${escapeLine(description)}\n`);
  print(lines.join('') + (files ? ':files\n' : ''));
}
