// Builds dist: everything that is ours with the packages that a check needs in one script, and the packages that only servers
// need in a second one. V8's code of both is built too, so that nothing is compiled at start. Start-up is why
// (bench/RESULTS.md): loading commander and yaml file by file costs more than Node itself.

import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { devNull } from 'node:os';
import { join, resolve } from 'node:path';
import { constants, Script } from 'node:vm';

import { bundleProgram, bundleServerPackages } from './build/bundle.mjs';
import { licensesOf } from './build/licenses.mjs';

const SAMPLE = 'test/fixtures/kubeadm-v1.37.2/kube-apiserver.yaml';

/** A script for scripts/launch.cjs. */
function wrapped({ text }, name) {
  const script = `(function (exports, require, module, __filename, __dirname) {${text}\n})\n`;
  const strange = /[^\0-\x7f]/.exec(script);
  if (strange) {
    const around = script.slice(strange.index - 40, strange.index + 40);
    throw new Error(`${name} is not all ASCII: write \\u escapes in regular expressions: ${around}`);
  }
  return script;
}

function compile(text, filename) {
  return new Script(text, { filename, importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER });
}

/** Loads all packages of servers, so that V8 has compiled what that needs, and writes what it has then. */
function writeServerCache(text) {
  const filename = resolve('dist/server.js');
  const script = compile(text, filename);
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(filename), module, filename, resolve('dist'));
  // @peculiar/x509 needs the other one loaded first
  for (const name of ['reflect-metadata', ...Object.keys(module.exports)]) void module.exports[name];
  writeFileSync('dist/server.cache', script.createCachedData());
}

/** Runs a real check, so that V8 has compiled what a check needs, and writes what it has then. */
function writeProgramCache(text) {
  const filename = resolve('dist/program.js');
  const script = compile(text, filename);
  process.argv.splice(1, process.argv.length, filename, 'check', '--output-file', devNull, SAMPLE);
  script.runInThisContext()({}, createRequire(filename), {}, filename, resolve('dist'));
  process.on('exit', (code) => {
    if (code === 0) writeFileSync('dist/program.cache', script.createCachedData());
    else console.error(`the built program does not pass ${SAMPLE}: dist is not complete`);
  });
}

const program = await bundleProgram('src/main.ts');
const worker = await bundleProgram('src/commands/serve/worker.ts');
const server = await bundleServerPackages();
const programText = wrapped(program, 'program.js');
const serverText = wrapped(server, 'server.js');
const licenses = licensesOf([program, worker, server].flatMap(({ inputs }) => inputs));
rmSync('dist', { recursive: true, force: true });
mkdirSync('dist');
writeFileSync('dist/package.json', '{ "type": "commonjs" }\n');
writeFileSync('dist/LICENSES.txt', licenses);
writeFileSync('dist/program.js', programText);
writeFileSync('dist/server.js', serverText);
writeFileSync('dist/worker.js', worker.text);
cpSync(join(import.meta.dirname, 'launch.cjs'), 'dist/main.js');
writeServerCache(serverText);
writeProgramCache(programText);
