#!/usr/bin/env node
// What a command needs is loaded by the command: `check` has to start fast, and needs no server and no Kubernetes client.

import { fstatSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';

import type { CheckRequest } from './entrances/check/index.ts';
import type { Control } from './policy/types.ts';
import type { Baseline } from './report/baseline.ts';
import { escapeForTerminal, escapeLine } from './report/printable.ts';
import type { GuardConfiguration } from './runtime/configuration.ts';
import { StartError } from './runtime/start-error.ts';
import type { LogLevel } from './runtime/log.ts';
import type { ServeOptions } from './serve.ts';

interface CheckOptions {
  readonly config?: string;
  readonly output: Exclude<CheckRequest['output'], 'exemptions'>;
  readonly outputFile?: string;
  readonly failOn: CheckRequest['failOn'];
  readonly quiet?: true;
  readonly color: 'auto' | 'always' | 'never';
  readonly baseline?: string;
  readonly writeBaseline?: string;
  readonly generateExemptions?: true;
  readonly expires?: string;
}

const FORMATS = ['text', 'json'] as const satisfies CheckOptions['output'][];
const FAIL_ON = ['fail', 'unknown', 'never'] as const satisfies CheckOptions['failOn'][];
const COLOR = ['auto', 'always', 'never'] as const satisfies CheckOptions['color'][];
const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const satisfies LogLevel[];

const EXIT_CODES = `
Exit codes:
  0  all passed
  1  a violation, whatever else could not be told
  2  wrong use
  3  could not tell, or nothing to judge

--fail-on unknown (the default) is as above; with fail, findings that are unknown give 0, but a path that can not be read
and nothing to judge still give 3; with never, whatever was found or not gives 0.

With --baseline, only what is worse counts: what passed and does not, a violation that was not there, and what is new.
What is exempt does not count. --write-baseline and --generate-exemptions change no exit code, but a baseline that could
not be written never gives 0.`;

function program(): Command {
  const root = new Command('kubelet-guard')
    .description('Keeps the link between kube-apiserver and kubelets authenticated.')
    .option('-V, --version', 'say the version')
    .on('option:version', () => {
      print(`${readVersion()}\n`);
      throw new CommanderError(0, 'commander.version', '');
    })
    .exitOverride()
    .configureOutput({
      writeOut: print,
      writeErr: printError,
      outputError: (text, write) => {
        write(wrongUse(text));
      },
    });

  root
    .command('check')
    .description('Judges files and folders: manifests, Lists, ConfigMaps, kubelet and kubeadm configuration.')
    .argument('<path...>', 'files and folders (.yaml, .yml, .json, .manifest, kubelet drop-ins); - is standard input')
    .option('--config <file>', 'GuardConfiguration: controls that are off are not judged, exemptions apply')
    .addOption(new Option('--output <format>', 'format of the report').choices(FORMATS).default('text'))
    .option('--output-file <file>', 'write the report to a file instead of standard output')
    .addOption(new Option('--fail-on <what>', 'what is not success').choices(FAIL_ON).default('unknown'))
    .option('--quiet', 'text: nothing about what passed')
    .addOption(new Option('--color <when>', 'text: colours').choices(COLOR).default('auto'))
    .option('--baseline <report>', 'report only what is worse than in this report')
    .addOption(
      new Option('--write-baseline <file>', 'also keep the report of this run as a baseline').conflicts('baseline'),
    )
    .addOption(
      new Option('--generate-exemptions', 'print exemptions for what fails, as YAML, instead of the report').conflicts([
        'baseline',
        'output',
      ]),
    )
    .addOption(
      new Option('--expires <date>', 'last day of generated exemptions (default: in 90 days)').argParser(futureDay),
    )
    .addHelpText('after', EXIT_CODES)
    .action(runCheck);

  root
    .command('explain')
    .description('Says what a control wants, why, and how to fix it.')
    .argument('<slug>', 'the control, as reports name it')
    .action(runExplain);

  const config = root.command('config').description('Checks and shows configurations.');
  config
    .command('check')
    .description('Says whether a GuardConfiguration is valid; exits with 0, or with 2 and all of its faults.')
    .argument('<file>', 'GuardConfiguration')
    .action(runConfigCheck);
  config
    .command('print')
    .description('Prints the configuration in force, each value with where it is from.')
    .addOption(flag('--config <file>', 'GuardConfiguration (default: what holds without one)'))
    .action(runConfigPrint);

  root
    .command('serve')
    .description('Runs the admission webhook.')
    .addOption(
      flag('--listen <host:port>', 'address of the webhook (default: 0.0.0.0:8443, with --demo 127.0.0.1:8443)'),
    )
    .addOption(flag('--local-listen <host:port>', 'address of health, metrics and report (default: 127.0.0.1:8080)'))
    .addOption(flag('--tls-cert-file <file>', 'serving certificate'))
    .addOption(flag('--tls-private-key-file <file>', 'its key'))
    .addOption(flag('--config <file>', 'GuardConfiguration'))
    .addOption(
      flag('--kubeconfig <file>', 'cluster to follow mirror pods in (default: that of the service account, in a pod)'),
    )
    .addOption(flag('--only <part>', 'run only this part', ['webhook']))
    .option(
      '--demo',
      'with a sample cluster, development certificates and a configuration of its own; needs no cluster (env: KUBELET_GUARD_DEMO=true)',
    )
    .addOption(flag('--log-level <level>', 'what is logged (default: info, with --demo warn)', LOG_LEVELS))
    .addHelpText('after', '\nA flag goes before its environment variable (env).')
    .action(runServe);

  return root;
}

/**
 * A flag that is also read from a variable named as it. One that is empty is most likely a mistake in a manifest.
 * None may be called --port or --service-…: Kubernetes sets such variables for a Service that is called kubelet-guard.
 */
function flag(flags: string, description: string, choices?: readonly string[]): Option {
  const option =
    choices === undefined ? new Option(flags, description) : new Option(flags, description).choices(choices);
  const { parseArg } = option;
  option.argParser((value, previous) => {
    if (value === '') throw new InvalidArgumentError('It is empty.');
    return parseArg === undefined ? value : parseArg(value, previous);
  });
  return option.env(`KUBELET_GUARD_${option.name().replaceAll('-', '_').toUpperCase()}`);
}

async function runCheck(paths: string[], options: CheckOptions): Promise<void> {
  // as from a variable of a script that is not set: never the same as nothing found
  if (paths.includes(''))
    throw new StartError('usage', 'a path is empty; name files and folders, or - for standard input');
  if (options.expires !== undefined && options.generateExemptions === undefined)
    throw new StartError('usage', '--expires is only of use with --generate-exemptions');
  const [{ check }, { controls }, { inspect }, { readPaths }] = await Promise.all([
    import('./entrances/check/index.ts'),
    import('./controls/index.ts'),
    import('./inspect.ts'),
    import('./sources/files.ts'),
  ]);
  const configuration = options.config === undefined ? undefined : await readConfiguration(options.config, controls);
  const { output, errors, exitCode, baseline } = await check({
    inspect: (document) => inspect(controls, [document]),
    ...(configuration && { policy: configuration.policy }),
    ...(options.baseline !== undefined && { baseline: await loadBaseline(options.baseline) }),
    writesBaseline: options.writeBaseline !== undefined,
    ...(options.expires !== undefined && { expires: options.expires }),
    documents: readPaths(paths, () => process.stdin),
    // needs no more than to be different, and node:crypto is slow to load
    runId: `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`,
    now: () => new Date(),
    output: options.generateExemptions === true ? 'exemptions' : options.output,
    failOn: options.failOn,
    style: { color: wantsColor(options), quiet: options.quiet ?? false },
  });
  process.exitCode = exitCode;
  complain(errors);
  if (options.outputFile === undefined) print(output);
  else writeReport(options.outputFile, output);
  if (options.writeBaseline !== undefined && baseline !== undefined) {
    const { writeReportFile } = await import('./runtime/report-file.ts');
    writeReportFile(options.writeBaseline, baseline);
  }
}

async function loadBaseline(path: string): Promise<Baseline> {
  const [{ readBaseline }, { readReportFile }] = await Promise.all([
    import('./report/baseline-file.ts'),
    import('./runtime/report-file.ts'),
  ]);
  const baseline = readBaseline(readReportFile(path));
  if ('fault' in baseline) throw new StartError('usage', `the baseline ${path} ${baseline.fault}`);
  return baseline;
}

/** A day that an exemption can end on. */
function futureDay(text: string): string {
  const day = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T23:59:59Z`) : undefined;
  // the 31st of February would be another day
  if (day === undefined || Number.isNaN(day.getTime()) || !day.toISOString().startsWith(text) || day < new Date())
    throw new InvalidArgumentError('It must be a day as YYYY-MM-DD, today or later.');
  return text;
}

async function readConfiguration(path: string, controls: readonly Control[]): Promise<GuardConfiguration> {
  const { loadConfiguration } = await import('./runtime/configuration.ts');
  return loadConfiguration(path, controls);
}

async function runExplain(slug: string): Promise<void> {
  const [{ controls }, { renderControl }] = await Promise.all([
    import('./controls/index.ts'),
    import('./report/text.ts'),
  ]);
  const control = controls.find((candidate) => candidate.slug === slug);
  if (control === undefined) {
    const known = controls.map((candidate) => candidate.slug).join(', ');
    throw new StartError('usage', `there is no control ${JSON.stringify(slug)}; the controls are ${known}`);
  }
  print(renderControl(control));
}

async function runConfigCheck(file: string): Promise<void> {
  const [{ controls }, { dayOf, loadConfiguration, notesOn }] = await Promise.all([
    import('./controls/index.ts'),
    import('./runtime/configuration.ts'),
  ]);
  const notes = notesOn(loadConfiguration(file, controls), dayOf(new Date()));
  const lines = notes.map(({ line, column, message }) => `${file}:${line}:${column}: note: ${message}`);
  print([...lines, `${file}: valid`].map((line) => `${escapeLine(line)}\n`).join(''));
}

async function runConfigPrint({ config }: { readonly config?: string }): Promise<void> {
  const [{ controls }, { dayOf, loadConfiguration }, { printConfiguration }] = await Promise.all([
    import('./controls/index.ts'),
    import('./runtime/configuration.ts'),
    import('./runtime/configuration-print.ts'),
  ]);
  print(escapeForTerminal(printConfiguration(loadConfiguration(config, controls), controls, dayOf(new Date()))));
}

async function runServe(options: ServeOptions): Promise<void> {
  const { serve } = await import('./serve.ts');
  process.stdout.on('error', lostOutput);
  process.exitCode = await serve(
    { ...options, demo: options.demo ?? readSwitch('KUBELET_GUARD_DEMO') },
    {
      stdout: process.stdout,
      onSignal: (handler) => {
        for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, handler);
      },
      now: () => new Date(),
      version: readVersion(),
      linger: 2000,
      serviceAccountRoot: '/',
    },
  );
}

/** A variable that switches something on. */
function readSwitch(name: string): boolean {
  const value = process.env[name] ?? 'false';
  if (value === 'true' || value === 'false') return value === 'true';
  throw new StartError('usage', `${name} must be true or false, not ${JSON.stringify(value)}`);
}

function writeReport(file: string, report: string): void {
  try {
    writeFileSync(file, report);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'no reason given';
    throw new StartError('usage', `the report can not be written: ${reason}; choose another --output-file`, { cause });
  }
}

function wantsColor({ color, outputFile }: CheckOptions): boolean {
  if (color !== 'auto') return color === 'always';
  const { NO_COLOR = '', TERM } = process.env;
  if (outputFile !== undefined || NO_COLOR !== '' || TERM === 'dumb') return false;
  // the stream, which tells for certain, is loaded only where it can be a terminal
  return fstatSync(1).isCharacterDevice() && process.stdout.isTTY;
}

/** From the package: beside src in a checkout, beside dist when built. */
function readVersion(): string {
  const manifest = readFileSync(join(import.meta.dirname, '../package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** Commander's reason in one line of ours. */
function wrongUse(text: string): string {
  const reason = text
    .trim()
    .replace(/^error: /, '')
    .replace(/\.$/, '')
    .replaceAll('\n', ' ');
  return `kubelet-guard: ${escapeLine(reason)}; see kubelet-guard --help\n`;
}

function failed(cause: unknown): number {
  // commander has said it already; help and version are no failures
  if (cause instanceof CommanderError) return cause.exitCode === 0 ? 0 : 2;
  if (cause instanceof StartError) {
    complain(cause.faults);
    return 2;
  }
  complain([`crashed: ${cause instanceof Error ? cause.message : 'no reason given'}; please report it`]);
  return 3;
}

function complain(lines: readonly string[]): void {
  if (lines.length > 0) printError(lines.map((line) => `kubelet-guard: ${escapeLine(line)}\n`).join(''));
}

function printError(text: string): void {
  process.stderr.once('error', () => undefined).write(text);
}

/** Writes to standard output, without its stream where possible: setting that up takes longer than judging a file. */
function print(text: string): void {
  const bytes = Buffer.from(text);
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(1, bytes, written);
  } catch (cause) {
    const error = cause as NodeJS.ErrnoException;
    // a pipe that does not block, and is full: the stream waits
    if (error.code === 'EAGAIN') process.stdout.once('error', lostOutput).write(bytes.subarray(written));
    else lostOutput(error);
  }
}

/** A reader that has seen enough (`| head`) is no fault; output that is lost for another reason is. */
function lostOutput(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return;
  process.exitCode = 3;
  complain([`standard output can not be written: ${error.message}`]);
}

// no process.exit: it would cut off what a pipe has not taken yet
program()
  .parseAsync()
  .catch((cause: unknown) => {
    process.exitCode = failed(cause);
  });
