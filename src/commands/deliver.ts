// Where reports go: the formats that --output names, each to standard output or to a file of its own.

import { writeFileSync } from 'node:fs';

import { InvalidArgumentError, Option } from 'commander';

import { findBenchmark, selectBenchmark } from '../policy/benchmarks/select.ts';
import type { ControlMetadata } from '../policy/control.ts';
import { outputs, renderOf, type OutputName } from '../outputs/index.ts';
import type { TextStyle } from '../outputs/render.ts';
import type { RunAnswer } from '../outputs/run.ts';
import { listOnly } from '../outputs/selection.ts';
import type { ShownResult } from '../outputs/shown-result.ts';
import { digest } from '../runtime/digest.ts';
import { StartError } from '../runtime/start-error.ts';
import type { Terminal } from './terminal.ts';
import { notOneOf } from './wrong-use.ts';

/** One format of the report, and where it goes. */
export interface OutputRequest {
  readonly format: OutputName;
  /** Undefined for standard output, or for --output-file. */
  readonly file?: string;
}

/** The options that say how a report is printed, and where. */
export interface DeliveryOptions {
  readonly output: readonly OutputRequest[];
  readonly outputFile?: string;
  readonly quiet?: true;
  readonly all?: true;
  /** List only findings with these results. */
  readonly result?: readonly ShownResult[];
  readonly color: 'auto' | 'always' | 'never';
}

const NAMES = outputs.map(({ name }) => name);
const DEFAULT: readonly OutputRequest[] = [{ format: outputs[0].name }];

/** The option --output, which can be given several times. */
export function outputOption(): Option {
  return new Option(
    '-o, --output <format>',
    `format of the report: ${NAMES.join(', ')}; FORMAT=FILE writes a file; repeatable`,
  )
    .default(DEFAULT, outputs[0].name)
    .argParser((text: string, before: readonly OutputRequest[]) => [
      ...(before === DEFAULT ? [] : before),
      requestOf(text),
    ]);
}

function requestOf(text: string): OutputRequest {
  const [, name = '', file] = /^([^=]*)(?:=(.*))?$/su.exec(text) ?? [];
  const format = NAMES.find((known) => known === name);
  if (format === undefined) throw notOneOf(name, NAMES);
  if (file === '') throw new InvalidArgumentError(`It names no file after ${name}=.`);
  return { format, ...(file !== undefined && { file }) };
}

/**
 * Checks that each format has a place of its own. Commands call it before they start to work.
 *
 * @throws StartError if two formats share standard output or a file
 */
export function checkOutputs({ output, outputFile }: Pick<DeliveryOptions, 'output' | 'outputFile'>): void {
  const files = output.map(({ file }) => file ?? outputFile);
  const shared = files.find((file, index) => files.indexOf(file) !== index);
  if (new Set(files).size === files.length) return;
  const place = shared ?? 'standard output';
  throw new StartError(
    'usage',
    `two formats of --output go to ${place}; give each its own file, as --output sarif=results.sarif`,
  );
}

/** What a report is delivered with. */
interface DeliveryDeps {
  readonly terminal: Terminal;
  /** The controls of the run. */
  readonly controls: readonly ControlMetadata[];
}

/**
 * Renders the report of a run in each format, and prints or writes it.
 *
 * @throws StartError if a file cannot be written
 */
export function deliverReport(
  { report, nothing }: Pick<RunAnswer, 'report' | 'nothing'>,
  options: DeliveryOptions,
  { terminal, controls }: DeliveryDeps,
): void {
  const { output, quiet = false, all = false, result: results } = options;
  const benchmark = report.run.benchmark === undefined ? undefined : findBenchmark(report.run.benchmark);
  const shown = benchmark === undefined ? controls : selectBenchmark(controls, benchmark);
  for (const { format, file = options.outputFile } of output) {
    const width = file === undefined ? terminal.columns?.() : undefined;
    const style: TextStyle = {
      ...{ color: wantsColor(options.color, file, terminal), quiet, all },
      ...(width !== undefined && { width }),
      ...(results && { results }),
    };
    // these two also show what they do not list: a text counts it, and a page draws it
    const listed = format === 'text' || format === 'html' ? report : listOnly(report, results);
    deliver(renderOf(format)(listed, style, { controls: shown, digest, nothing }), file, terminal);
  }
}

/**
 * Prints a text, or writes it to a file.
 *
 * @throws StartError if the file cannot be written
 */
export function deliver(text: string, file: string | undefined, { print }: Pick<Terminal, 'print'>): void {
  if (file === undefined) {
    print(text);
    return;
  }
  try {
    writeFileSync(file, text);
  } catch (cause) {
    const { message } = cause as NodeJS.ErrnoException;
    throw new StartError('usage', `the report cannot be written: ${message}; choose another file`, { cause });
  }
}

/** Whether a report has colors: by --color, else only on a terminal that NO_COLOR and TERM do not exclude. */
function wantsColor(
  color: DeliveryOptions['color'],
  file: string | undefined,
  { env, isTerminal }: Pick<Terminal, 'env' | 'isTerminal'>,
): boolean {
  if (color !== 'auto') return color === 'always';
  const { NO_COLOR = '', TERM } = env;
  if (file !== undefined || NO_COLOR !== '' || TERM === 'dumb') return false;
  return isTerminal('stdout');
}
