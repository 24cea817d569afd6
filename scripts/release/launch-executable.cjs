// Starts the program inside a single executable, with the code that V8 made of it when it was built (scripts/launch.cjs).

/* global Buffer, __dirname, __filename */

const { getAssetKeys, getRawAsset } = require('node:sea');
const { constants, Script } = require('node:vm');

/** Runs a script of the build, and gives what it exports. */
function load(name, requireFor) {
  const filename = `${name}.js`;
  const cache = `dist/${name}.cache`;
  const script = new Script(Buffer.from(getRawAsset(`dist/${filename}`)).latin1Slice(), {
    filename,
    cachedData: getAssetKeys().includes(cache) ? new Uint8Array(getRawAsset(cache)) : undefined,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const loaded = { exports: {} };
  script.runInThisContext()(loaded.exports, requireFor, loaded, __filename, __dirname);
  return loaded.exports;
}

// it says that the constant above is new, which helps nobody who runs the program
const { emitWarning } = process;
process.emitWarning = (warning, ...rest) => {
  if (!String(warning).includes('USE_MAIN_CONTEXT_DEFAULT_LOADER')) emitWarning.call(process, warning, ...rest);
};
let server;
load('program', (id) => (id === './server.js' ? (server = server || load('server', require)) : require(id)));
