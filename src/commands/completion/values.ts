// The values that placeholders of the help stand for: what `<control>` or `<context>` can be.

import { controls } from '../../controls/index.ts';
import { contextNames, type KubeconfigFiles } from '../../kube/kubeconfig/load.ts';
import { outputs } from '../../outputs/index.ts';
import { benchmarkNames } from '../../policy/benchmarks/select.ts';
import type { ControlMetadata } from '../../policy/control.ts';
import type { PlaceholderValues } from './candidates.ts';

/**
 * Finds the values of a placeholder.
 *
 * @param kubeconfig the kubeconfig of a command line without --kubeconfig
 */
export function placeholderValues(kubeconfig: KubeconfigFiles | undefined): PlaceholderValues {
  return (placeholder, words) => {
    if (placeholder === 'format') return outputs.map(({ name }) => name);
    if (placeholder === 'benchmark') return benchmarkNames().flat();
    if (placeholder === 'control' || placeholder === 'slug') return controls.map(({ slug }) => slug);
    if (placeholder === 'id') return idsOf(controls);
    if (placeholder === 'context') return contextsOf(kubeconfigIn(words) ?? kubeconfig);
    return [];
  };
}

function idsOf(known: readonly ControlMetadata[]): readonly string[] {
  return [...new Set(known.flatMap(({ benchmarks }) => benchmarks.flatMap(({ id }) => id.split(', '))))];
}

/** The file that --kubeconfig names before the cursor. */
function kubeconfigIn(words: readonly string[]): string | undefined {
  const at = words.lastIndexOf('--kubeconfig');
  const inOne = words.findLast((word) => word.startsWith('--kubeconfig='));
  return at >= 0 ? words[at + 1] : inOne?.slice('--kubeconfig='.length);
}

function contextsOf(files: KubeconfigFiles | undefined): readonly string[] {
  try {
    return files === undefined ? [] : contextNames(files);
  } catch {
    // the command itself will say what is wrong with the kubeconfig
    return [];
  }
}
