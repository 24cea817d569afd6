// Builds dist: everything that is ours, with the packages that `check` needs, in one script, and V8's code of it, so that
// nothing is compiled at start. Start-up is why (bench/RESULTS.md): loading commander and yaml file by file costs more
// than Node itself. What only servers need stays outside, and is loaded when it is needed.

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { devNull } from 'node:os';
import { join, resolve } from 'node:path';
import { constants, Script } from 'node:vm';

import { build } from 'esbuild';

const BUNDLED = new Set(['commander', 'jsonpath-plus', 'yaml']);
const SAMPLE = 'test/fixtures/kubeadm-v1.37.2/kube-apiserver.yaml';

const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));

/** Tables of data: parsing them as JSON is faster than running them as code. Each part is parsed when it is first used. */
const jsonTables = {
  name: 'json-tables',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.json$/ }, ({ path }) => {
      const table = JSON.parse(readFileSync(path, 'utf8'));
      if (Array.isArray(table)) return { contents: `export default ${JSON.stringify(table)}`, loader: 'js' };
      const parts = Object.entries(table).map(([name, part]) => {
        const key = JSON.stringify(name);
        const value = `JSON.parse(${JSON.stringify(JSON.stringify(part))})`;
        return `get ${key}() { const value = ${value}; Object.defineProperty(this, ${key}, { value }); return value; }`;
      });
      return { contents: `export default { ${parts.join(', ')} };`, loader: 'js' };
    });
  },
};

/** Commander starts programs for subcommands that are programs. We have none: only credential plugins are started. */
const noProcesses = {
  name: 'no-processes',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^(node:)?child_process$/ }, ({ path, importer }) =>
      importer.includes('node_modules') ? { path, namespace: 'none' } : { path, external: true },
    );
    onLoad({ filter: /.*/, namespace: 'none' }, () => ({ contents: 'export default {};', loader: 'js' }));
  },
};

async function bundle(entryPoint) {
  const { outputFiles } = await build({
    entryPoints: [entryPoint],
    bundle: true,
    platform: 'node',
    target: 'node22.19',
    format: 'cjs',
    external: Object.keys(dependencies).filter((name) => !BUNDLED.has(name)),
    define: { 'import.meta.dirname': '__dirname' },
    plugins: [jsonTables, noProcesses],
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'warning',
    write: false,
  });
  return outputFiles[0].text.replace(/^#!.*\n/, '');
}

/** Runs a real check, so that V8 has compiled what a check needs, and writes what it has then. */
function writeCache(text, filename) {
  const script = new Script(text, { filename, importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER });
  process.argv.splice(1, process.argv.length, filename, 'check', '--output-file', devNull, SAMPLE);
  script.runInThisContext()({}, createRequire(filename), {}, filename, resolve('dist'));
  process.on('exit', (code) => {
    if (code === 0) writeFileSync('dist/program.cache', script.createCachedData());
    else console.error(`the built program does not pass ${SAMPLE}: dist is not complete`);
  });
}

const code = await bundle('src/main.ts');
const text = `(function (exports, require, module, __filename, __dirname) {${code}\n})\n`;
if (/[^\0-\x7f]/.test(text)) throw new Error('the program is not all ASCII: write \\u escapes in regular expressions');
const worker = await bundle('src/commands/serve/worker.ts');
rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');
writeFileSync('dist/package.json', '{ "type": "commonjs" }\n');
writeFileSync('dist/program.js', text);
writeFileSync('dist/worker.js', worker);
cpSync(join(import.meta.dirname, 'launch.cjs'), 'dist/main.js');
writeCache(text, resolve('dist/program.js'));
