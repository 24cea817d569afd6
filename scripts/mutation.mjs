// Mutation testing with Stryker: node scripts/mutation.mjs [GROUP...]
//
// Stryker brings more than 150 packages, so it is no dependency of the project: it is installed, at one version and without
// scripts, into a cache of the user, and works on a copy of what is committed or changed here. It prints the survivors and
// the score of each group. A group names what is changed and the tests that should notice.

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const VERSION = '9.6.1';
const GROUPS = {
  decide: {
    mutate: ['src/policy/{decision/decide,decision/worse,evaluate}.ts'],
    tests: ['test/policy/decision/decide', 'test/policy/decision/worse', 'test/controls/controls'],
  },
  drift: {
    mutate: ['src/policy/{decision/drift,link/combine}.ts'],
    tests: ['test/policy/decision/drift', 'test/policy/link/combine'],
  },
  link: {
    mutate: ['src/policy/link/link.ts', 'src/controls/shared/{authority-faults,certificate-faults}.ts'],
    tests: ['test/policy/link/link', 'test/controls/shared/certificate-faults'],
  },
  controls: { mutate: ['src/controls/*.ts'], tests: ['test/controls/controls', 'test/meta/controls'] },
  argv: {
    mutate: ['src/facts/argv/{pflag,flags,expansion}.ts'],
    tests: ['test/facts/oracle-recorded', 'test/domain/rows'],
  },
};

const checkout = resolve(import.meta.dirname, '..');
const names = process.argv.slice(2);
const unknown = names.filter((name) => !(name in GROUPS));
if (unknown.length > 0) {
  console.error(
    `there is no group ${unknown.join(', ')}: name ${Object.keys(GROUPS).join(', ')}, or none for all of them`,
  );
  process.exit(2);
}

const stryker = install();
let code = 0;
for (const name of names.length > 0 ? names : Object.keys(GROUPS)) code = run(name, GROUPS[name]) || code;
process.exit(code);

/** Where Stryker is. */
function install() {
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kubelet-guard', `stryker-${VERSION}`);
  if (existsSync(join(folder, 'node_modules/@stryker-mutator/core'))) return folder;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const packages = ['core', 'jest-runner'].map((part) => `@stryker-mutator/${part}@${VERSION}`);
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages], {
    cwd: folder,
    stdio: 'inherit',
  });
  return folder;
}

/** Works on a copy, and returns the exit code of Stryker. */
function run(name, { mutate, tests }) {
  const copy = mkdtempSync(join(tmpdir(), 'kubelet-guard-mutation-'));
  try {
    const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: checkout,
    });
    for (const path of listed.toString().split('\0')) {
      if (path === '' || !existsSync(join(checkout, path))) continue;
      mkdirSync(dirname(join(copy, path)), { recursive: true });
      cpSync(join(checkout, path), join(copy, path));
    }
    symlinkSync(join(checkout, 'node_modules'), join(copy, 'node_modules'));
    writeFileSync(join(copy, 'jest.mutation.mjs'), jestConfiguration(tests));
    writeFileSync(join(copy, 'stryker.json'), JSON.stringify(configuration(mutate)));
    console.log(`== ${name}`);
    const program = join(stryker, 'node_modules/@stryker-mutator/core/bin/stryker.js');
    return spawnSync(process.execPath, [program, 'run', 'stryker.json'], { cwd: copy, stdio: 'inherit' }).status ?? 1;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function configuration(mutate) {
  return {
    mutate,
    testRunner: 'jest',
    plugins: [join(stryker, 'node_modules/@stryker-mutator/jest-runner/dist/src/index.js')],
    testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
    jest: { projectType: 'custom', configFile: 'jest.mutation.mjs', enableFindRelatedTests: false },
    coverageAnalysis: 'perTest',
    ignoreStatic: true,
    concurrency: 1,
    timeoutMS: 60_000,
    reporters: ['clear-text', 'progress-append-only'],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false, allowEmojis: false },
    // it would rewrite the file with a compiler that is not there
    tsconfigFile: 'none.json',
  };
}

/** The project `unit`, with these tests alone. */
function jestConfiguration(tests) {
  const patterns = JSON.stringify(tests.map((test) => `<rootDir>/${test}*.test.ts`));
  return `import config from './jest.config.mjs';
const { displayName, ...unit } = config.projects[0];
export default { ...unit, watchman: false, testMatch: ${patterns} };
`;
}
