const project = (displayName, testMatch, testPathIgnorePatterns = []) => ({
  displayName,
  testMatch,
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/fixtures/', ...testPathIgnorePatterns],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2024', experimental: { keepImportAttributes: true } },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
});

// Paths in test/e2e, without `.e2e.ts`.
const suites = (names) => names.map((name) => `<rootDir>/test/e2e/${name}.e2e.ts`);

// What runs on every minor version: the suites that depend most on what kube-apiserver and kubelet do.
const SHORT = ['admission', 'enforce', 'install', 'minors', 'node-agent', 'ratchet', 'sweep', 'vap'];

// What measures how long something takes, or looks at all processes of the machine.
const ALONE = [
  ...['hostile-callers', 'largest', 'node', 'node-agent', 'outage', 'shutdown', 'sweep-hostile'],
  ...['page/filter', 'page/large', 'page/live', 'page/swap'],
];

/** @type {import('jest').Config} */
export default {
  // Jest leaves one core idle by default, which is half of a small machine
  maxWorkers: '100%',
  // instead of 5 s, so that a machine that stalls for some seconds fails no test
  testTimeout: 30_000,
  projects: [
    project('unit', ['<rootDir>/test/**/*.test.ts'], ['<rootDir>/test/e2e/', '<rootDir>/test/differential/']),
    project('e2e', ['<rootDir>/test/e2e/**/*.{e2e,test}.ts']),
    // parts of e2e
    project('together', ['<rootDir>/test/e2e/**/*.{e2e,test}.ts'], suites(ALONE)),
    project('alone', suites(ALONE)),
    project('short', suites(SHORT)),
    project('differential', ['<rootDir>/test/differential/**/*.test.ts']),
    project('real', ['<rootDir>/test/real/**/*.e2e.ts'], ['<rootDir>/test/real/long/']),
    project('long', ['<rootDir>/test/real/long/**/*.e2e.ts']),
  ],
  collectCoverageFrom: ['src/{policy,controls,facts,outputs}/**/*.ts'],
  coverageDirectory: 'coverage',
};
