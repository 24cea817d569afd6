// Builds dist after an installation. `npm install -g` of a git repository installs no packages in its clone before it runs
// this script (npm/cli issue 8440), because the environment that it passes on says `global`. The build needs them.

import { execSync } from 'node:child_process';
import { existsSync } from 'node:fs';

if (!existsSync('node_modules/esbuild')) {
  execSync('npm ci --no-global --ignore-scripts --include=dev --no-audit --no-fund', { stdio: 'inherit' });
}
await import('./build.mjs');
