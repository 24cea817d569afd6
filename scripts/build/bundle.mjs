// Makes scripts of our modules and of the packages that they use.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { build } from 'esbuild';

const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));

/** The packages that a check uses. */
const CHECK_PACKAGES = new Set(['commander', 'jsonpath-plus', 'yaml']);
/** The packages that only servers use. */
const SERVER_PACKAGES = Object.keys(dependencies).filter((name) => !CHECK_PACKAGES.has(name));
const SERVER_FILE = './server.js';

/** The only parts of these packages that are used: the access of a pod, and the router. */
const PARTS = {
  '@kubernetes/client-node': `export { KubeConfig } from './node_modules/@kubernetes/client-node/dist/config.js';`,
  express: `exports.Router = require('router');`,
};
/** What those parts load for what is not used of them: the API's classes, OpenID, proxies, YAML. */
const UNUSED =
  /^(\.\/gen\/index\.js|\.\/middleware\.js|hpagent|js-yaml|jsonpath-plus|openid-client|socks|socks-proxy-agent|undici)$/;

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

/** The packages of servers are in a script of their own, which a check does not load. */
const serverPackages = {
  name: 'server-packages',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: new RegExp(`^(${SERVER_PACKAGES.join('|')})$`) }, ({ path }) => ({
      path,
      namespace: 'server',
    }));
    onResolve({ filter: /.*/, namespace: 'server' }, () => ({ path: SERVER_FILE, external: true }));
    onLoad({ filter: /.*/, namespace: 'server' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(SERVER_FILE)})[${JSON.stringify(path)}];`,
    }));
  },
};

const onlyUsedParts = {
  name: 'only-used-parts',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: new RegExp(`^(${Object.keys(PARTS).join('|')})$`) }, ({ path }) => ({
      path,
      namespace: 'part',
    }));
    onLoad({ filter: /.*/, namespace: 'part' }, ({ path }) => ({ contents: PARTS[path], resolveDir: resolve('.') }));
    onResolve({ filter: UNUSED }, ({ path, importer }) =>
      importer.includes('client-node') ? { path, namespace: 'unused' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'module.exports = {};' }));
  },
};

/**
 * Bundles our own modules, and the packages of a check.
 *
 * @returns the text, and the paths of the files that are in it
 */
export function bundleProgram(entryPoint) {
  return bundle({ entryPoints: [entryPoint], plugins: [jsonTables, noProcesses, serverPackages] });
}

/** Bundles the packages of servers, as an object that loads each of them when it is first used. */
export function bundleServerPackages() {
  const getters = SERVER_PACKAGES.map((name) => {
    const key = JSON.stringify(name);
    return `get ${key}() { return require(${key}); }`;
  });
  return bundle({
    stdin: { contents: `module.exports = { ${getters.join(', ')} };`, resolveDir: '.' },
    plugins: [noProcesses, onlyUsedParts],
  });
}

async function bundle(options) {
  const { outputFiles, metafile } = await build({
    ...options,
    bundle: true,
    platform: 'node',
    target: 'node22.19',
    format: 'cjs',
    define: { 'import.meta.dirname': '__dirname' },
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'warning',
    metafile: true,
    write: false,
  });
  const [{ text }] = outputFiles;
  const [{ inputs }] = Object.values(metafile.outputs);
  return { text: text.replace(/^#!.*\n/, ''), inputs: Object.keys(inputs) };
}
