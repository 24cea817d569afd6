#!/usr/bin/env node
// Starts the program with the code that V8 made of it when it was built. V8 ignores that of another version of itself.

const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { constants, Script } = require('node:vm');

const folder = module.path;

function readCache() {
  try {
    return readFileSync(join(folder, 'program.cache'));
  } catch {
    return undefined;
  }
}

// it says that the constant below is new, which helps nobody who runs the program
const { emitWarning } = process;
process.emitWarning = (warning, ...rest) => {
  if (!String(warning).includes('USE_MAIN_CONTEXT_DEFAULT_LOADER')) emitWarning.call(process, warning, ...rest);
};

// latin1: the build writes ASCII only, which needs no decoding
const filename = join(folder, 'program.js');
const script = new Script(readFileSync(filename, 'latin1'), {
  filename,
  cachedData: readCache(),
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
script.runInThisContext()(exports, require, module, filename, folder);
