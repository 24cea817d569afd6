import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const code = ['src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts'];
const pure = ['json.ts', ...['policy', 'controls', 'facts', 'outputs'].map((folder) => `${folder}/**/*.ts`)].map(
  (files) => `src/${files}`,
);

const impure = 'A pure folder decides from its arguments alone: pass this in.';
const onlyMain = 'Only src/main.ts reads env and argv and exits.';
const noMocks = 'No module mocks: dependencies are arguments.';

const processProperties = ['env', 'argv', 'exit'].map((property) => ({
  object: 'process',
  property,
  message: onlyMain,
}));
const processImports = ['node:process', 'process'].map((name) => ({ name, message: onlyMain }));

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', 'node_modules/', 'certs/', 'test/fixtures/', 'test/golden/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    // configuration and scripts run on Node and are not type-checked
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
  {
    files: code,
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        {
          argsIgnorePattern: '^_',
          varsIgnorePattern: '^_',
          caughtErrorsIgnorePattern: '^_',
          destructuredArrayIgnorePattern: '^_',
        },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: { 'max-lines': ['error', 250], 'max-lines-per-function': ['error', 60] },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/main.ts'],
    rules: {
      'no-restricted-properties': ['error', ...processProperties],
      'no-restricted-imports': ['error', { paths: processImports }],
    },
  },
  {
    files: pure,
    // what runs in a browser is pure for nobody
    ignores: ['src/outputs/html/browser/**'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...['Date', 'Temporal', 'performance', 'crypto', 'process', 'console', 'fetch', 'globalThis', 'global'],
        ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'],
      ].map((name) => (name === 'error' ? name : { name, message: impure })),
      'no-restricted-properties': [
        'error',
        ...processProperties,
        { object: 'Math', property: 'random', message: impure },
      ],
      'no-restricted-syntax': [
        'error',
        ...[':function[async=true]', 'AwaitExpression', 'ForOfStatement[await=true]', 'ImportExpression'].map(
          (selector) => ({ selector, message: 'A pure folder is synchronous.' }),
        ),
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        ...['mock', 'unstable_mockModule', 'doMock', 'setMock', 'createMockFromModule'].map((property) => ({
          object: 'jest',
          property,
          message: noMocks,
        })),
      ],
    },
  },
);
