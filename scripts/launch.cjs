#!/usr/bin/env node
// Starts the program with the code that V8 made of it when it was built. V8 ignores that of another version of itself. An old
// Node must be able to parse this file, so that it can say that it is too old.

const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { constants, Script } = require('node:vm');

// as in package.json
const NEEDED = [22, 19];

const folder = module.path;

function isTooOld() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1]);
}

function readCache(name) {
  try {
    return readFileSync(join(folder, `${name}.cache`));
  } catch {
    return undefined;
  }
}

/** Runs a script of the build, and gives what it exports. */
function load(name, requireFor) {
  const filename = join(folder, `${name}.js`);
  // latin1: the build writes ASCII only, which needs no decoding
  const script = new Script(readFileSync(filename, 'latin1'), {
    filename,
    cachedData: readCache(name),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const loaded = { exports: {} };
  script.runInThisContext()(loaded.exports, requireFor, loaded, filename, folder);
  return loaded.exports;
}

function start() {
  // it says that the constant above is new, which helps nobody who runs the program
  const { emitWarning } = process;
  process.emitWarning = (warning, ...rest) => {
    if (!String(warning).includes('USE_MAIN_CONTEXT_DEFAULT_LOADER')) emitWarning.call(process, warning, ...rest);
  };
  let server;
  load('program', (id) => (id === './server.js' ? (server = server || load('server', require)) : require(id)));
}

/** The exit code of Node itself would be 1, which means a violation. */
function end(code, reason) {
  process.exitCode = code;
  process.stderr.write(`kubelet-guard${reason}\n`);
}

if (isTooOld()) {
  const remedy = 'install a newer one, or run it in a checkout with: npm run -s kubelet-guard --';
  end(2, ` needs Node.js ${NEEDED.join('.')} or newer; this is ${process.version}: ${remedy}`);
} else {
  try {
    start();
  } catch (error) {
    end(3, `: cannot start: ${String(error && error.message)}; install it again, or in a checkout: npm run build`);
  }
}
