// The command line of `check`.

import { Option, InvalidArgumentError, type Command } from 'commander';

import type { Selection } from '../../outputs/selection.ts';
import type { ControlMetadata } from '../../policy/control.ts';
import type { Baseline } from './baseline.ts';
import { StartError } from '../../runtime/start-error.ts';
import { checkOutputs, deliver, deliverReport } from '../deliver.ts';
import { EXIT_CODES, loadGuardConfiguration, reportOptions, type ReportOptions } from '../options.ts';
import { runOrigin } from '../run-origin.ts';
import { selectionOf } from '../selection.ts';
import { runId, type Terminal } from '../terminal.ts';

interface CheckFlags extends ReportOptions {
  readonly baseline?: string;
  readonly writeBaseline?: string;
  readonly generateExemptions?: true;
  readonly expires?: string;
  readonly filename?: readonly string[];
  readonly exclude?: readonly string[];
  readonly allowEmpty?: true;
}

const HELP = `${EXIT_CODES}
In folders, every file is read that can configure a component, whatever its name. Not read are source code, documentation,
images and archives, and what .gitignore files, --exclude, .git and node_modules leave out. A path that is named is always read.
Code 3 also means: a file that was named holds nothing to check, or a file sets one of the checked settings but is of a kind that
is not read, as a template that is not rendered. Each one is listed on stderr, with what to do.

With --baseline only what is worse counts: findings that no longer pass, new violations, and new findings. Exempt findings
do not count. --write-baseline and --generate-exemptions do not change the exit code, but a run that cannot be a baseline
never gives 0.

Examples:
  kubelet-guard check manifests/                            check the files of a folder
  kubectl get pods -A -o yaml | kubelet-guard check -       check standard input
  kubelet-guard check -f kubelet.yaml -f kube-apiserver.yaml  check files, as with kubectl
  kubelet-guard check --exclude 'test/' .                   check a repository, without its test folders
  helm template mychart | kubelet-guard check -             check a rendered chart
  kubelet-guard check --write-baseline base.json manifests/ keep this report as the baseline
  kubelet-guard check --baseline base.json manifests/       report only what is worse than the baseline
  kubelet-guard check --generate-exemptions manifests/      print exemptions for what fails now`;

/** Adds `check`, which checks files and folders. */
export function addCheck(root: Command, terminal: Terminal): void {
  const command = root
    .command('check')
    .description('Check files and folders: manifests, Lists, ConfigMaps, kubelet and kubeadm configuration.')
    .argument('[path...]', 'files and folders; - is standard input')
    .addOption(
      new Option('-f, --filename <path>', 'the same as a path, as with kubectl; repeatable').argParser(
        (path: string, before: readonly string[] | undefined) => [...(before ?? []), path],
      ),
    );
  for (const option of reportOptions('GuardConfiguration: controls that are off, exemptions')) {
    command.addOption(option);
  }
  command
    .addOption(
      new Option('--exclude <glob>', 'leave files and folders out, as a line of .gitignore does; repeatable').argParser(
        (glob: string, before: readonly string[] | undefined) => [...(before ?? []), glob],
      ),
    )
    .option('--allow-empty', 'nothing to check is no failure, for hooks that are given the changed files')
    .option('--baseline <report>', 'report only what is worse than in this report')
    .addOption(
      new Option('--write-baseline <file>', 'also write the report of this run, as a baseline').conflicts('baseline'),
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
    .addHelpText('after', HELP)
    .action((paths: string[], options: CheckFlags) =>
      runCheck([...paths, ...(options.filename ?? [])], options, terminal),
    );
}

async function runCheck(paths: string[], options: CheckFlags, terminal: Terminal): Promise<void> {
  checkUse(paths, options);
  checkOutputs(options);
  const [{ check }, { benchmarkOf }, all, { inspect }, { readPaths }, { canMatter, hasRelevantName }, { CHECK }] =
    await Promise.all([
      import('./check.ts'),
      import('../../runtime/benchmark.ts'),
      import('../../controls/index.ts'),
      import('../../inspect.ts'),
      import('../../evidence/files/read-paths.ts'),
      import('../../facts/inputs/unread/relevance.ts'),
      import('../allowances.ts'),
    ]);
  const configuration =
    options.config === undefined ? undefined : await loadGuardConfiguration(options.config, all.controls);
  const benchmark = benchmarkOf(options.benchmark, configuration);
  const controls = benchmark.show(all.controls);
  const checkOptions = {
    ...(configuration && { policy: configuration.policy }),
    ...(options.baseline !== undefined && { baseline: await loadBaseline(options.baseline) }),
    ...(options.generateExemptions === true && { generateExemptions: { expires: options.expires } }),
    writesBaseline: options.writeBaseline !== undefined,
    allowEmpty: options.allowEmpty ?? false,
    failOn: options.failOn,
    benchmark: benchmark.name,
    selection: partOf(options, controls),
    ...(options.all && { all: true }),
  };
  const folders = new Set<string>();
  const folderOptions = {
    ...(options.exclude && { exclude: options.exclude }),
    hasName: hasRelevantName,
    canMatter,
    onFolder: (folder: string) => folders.add(folder),
  };
  const answer = await check(checkOptions, {
    inspect: (document) => inspect(controls, [document], CHECK),
    documents: readPaths(paths, terminal.stdin, folderOptions),
    folders,
    runId: runId(new Date()),
    origin: runOrigin(terminal.version(), configuration),
    now: () => new Date(),
  });
  const { exemptions, baseline } = answer;
  terminal.exitWith(answer.exitCode);
  terminal.printErrorLines(answer.errors);
  if (exemptions === undefined) deliverReport(answer, options, { terminal, controls: all.controls });
  else deliver(exemptions, options.outputFile, terminal);
  if (options.writeBaseline !== undefined && baseline !== undefined) {
    const { writeReportFile } = await import('./report-file.ts');
    writeReportFile(options.writeBaseline, baseline);
  }
}

/** @throws StartError where the command line contradicts itself */
function checkUse(paths: readonly string[], options: CheckFlags): void {
  if (paths.length === 0)
    throw new StartError(
      'usage',
      'no path is named: name files and folders, or - for standard input; see kubelet-guard check --help',
    );
  // as from an unset variable of a script, which must not look like nothing found
  if (paths.includes(''))
    throw new StartError('usage', 'a path is empty; name files and folders, or - for standard input');
  if (options.expires !== undefined && options.generateExemptions === undefined)
    throw new StartError('usage', '--expires needs --generate-exemptions');
}

function partOf(options: CheckFlags, controls: readonly ControlMetadata[]): Selection | undefined {
  const selection = selectionOf(options, controls);
  if (selection === undefined || options.writeBaseline === undefined) return selection;
  throw new StartError(
    'usage',
    '--write-baseline needs the whole report: leave --control, --benchmark-id and --node out',
  );
}

async function loadBaseline(path: string): Promise<Baseline> {
  const [{ readBaseline }, { readReportFile }] = await Promise.all([
    import('./baseline-file.ts'),
    import('./report-file.ts'),
  ]);
  const baseline = readBaseline(readReportFile(path));
  if ('fault' in baseline) throw new StartError('usage', `the baseline ${path} ${baseline.fault}`);
  return baseline;
}

/** A day that an exemption can end on. */
function futureDay(text: string): string {
  const day = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T23:59:59Z`) : undefined;
  // the 31st of February would be a day of March
  if (day === undefined || Number.isNaN(day.getTime()) || !day.toISOString().startsWith(text) || day < new Date())
    throw new InvalidArgumentError('It must be a day as YYYY-MM-DD, today or later.');
  return text;
}
