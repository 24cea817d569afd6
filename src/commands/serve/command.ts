import type { Command } from 'commander';

import type { LogLevel } from '../../runtime/log.ts';
import { StartError } from '../../runtime/start-error.ts';
import { contextFlag } from '../kubeconfig.ts';
import { flag, kubeletCA } from '../options.ts';
import type { ServeOptions } from './serve.ts';
import type { Terminal } from '../terminal.ts';

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const satisfies LogLevel[];

const HELP = `
A flag goes before its environment variable (env).

SIGUSR1 asks for a sweep at once, as does: curl -X POST http://127.0.0.1:8080/api/v1/sweep`;

/** `serve`: the webhook and the background sweeper. */
export function addServe(root: Command, terminal: Terminal): void {
  root
    .command('serve')
    .description('Runs the admission webhook and the background sweeper.')
    .addOption(
      flag(
        '--listen <host:port>',
        'address of the webhook (default: :8443, on IPv4 and IPv6; with --demo 127.0.0.1:8443)',
      ),
    )
    .addOption(flag('--local-listen <host:port>', 'address of health, metrics and report (default: 127.0.0.1:8080)'))
    .addOption(flag('--tls-cert-file <file>', 'serving certificate'))
    .addOption(flag('--tls-private-key-file <file>', 'its key'))
    .addOption(
      flag(
        '--tls-secret <name>',
        'instead of files: Secret in which it keeps a CA and serving certificate of its own, and renews them; the caBundle of the registration follows',
      ),
    )
    .addOption(
      flag('--tls-service <name>', 'with --tls-secret: Service that API servers call (default: kubelet-guard)'),
    )
    .addOption(flag('--client-ca-file <file>', 'CAs of clients: who has no certificate of one of them is not answered'))
    .addOption(flag('--config <file>', 'GuardConfiguration'))
    .addOption(
      flag('--kubeconfig <file>', 'cluster to follow and sweep (default: that of the service account, in a pod)'),
    )
    .addOption(contextFlag())
    .addOption(kubeletCA())
    .addOption(flag('--only <part>', 'run only this part', ['webhook', 'sweep']))
    .option(
      '--demo',
      'with a sample cluster, development certificates and a configuration of its own; needs no cluster (env: KUBELET_GUARD_DEMO=true)',
    )
    .addOption(flag('--log-level <level>', 'what is logged (default: info, with --demo warn)', LOG_LEVELS))
    .addHelpText('after', HELP)
    .action((options: ServeOptions) => runServe(options, terminal));
}

async function runServe(options: ServeOptions, terminal: Terminal): Promise<void> {
  const { serve } = await import('./serve.ts');
  const code = await serve(
    { ...options, demo: options.demo ?? readSwitch('KUBELET_GUARD_DEMO', terminal) },
    {
      stdout: terminal.stdout(),
      onSignal: (handler) => {
        terminal.onSignal(['SIGTERM', 'SIGINT'], handler);
      },
      onSweepSignal: (handler) => {
        terminal.onSignal(['SIGUSR1'], handler);
      },
      now: () => new Date(),
      version: terminal.version(),
      root: terminal.root,
      linger: 2000,
      serviceAccountRoot: '/',
      env: terminal.env,
      isInteractive: terminal.isTerminal('stdin'),
    },
  );
  terminal.exitWith(code);
}

/** A variable that switches something on. */
function readSwitch(name: string, { env }: Terminal): boolean {
  const value = env[name] ?? 'false';
  if (value === 'true' || value === 'false') return value === 'true';
  throw new StartError('usage', `${name} must be true or false, not ${JSON.stringify(value)}`);
}
