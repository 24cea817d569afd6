// The command line of `serve`.

import type { Command } from 'commander';

import type { LogLevel } from '../../runtime/log.ts';
import { StartError } from '../../runtime/start-error.ts';
import { contextFlag } from '../kubeconfig.ts';
import { benchmarkFlag, flag, kubeletCA } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import type { ServeOptions } from './options.ts';

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const satisfies LogLevel[];

const HELP = `
A flag overrides its environment variable (env).

Examples:
  # Try the webhook on this machine, without a cluster
  kubelet-guard serve --demo

  # In a pod: keep the CA and the serving certificate in a Secret, and renew them
  kubelet-guard serve --tls-secret kubelet-guard-tls --config /etc/kubelet-guard/config.yaml

  # Run only the background sweeper, on the cluster of a kubeconfig
  kubelet-guard serve --only sweep --kubeconfig ~/.kube/config

  # Start a sweep now; SIGUSR1 does the same
  curl -X POST http://127.0.0.1:8080/api/v1/sweep`;

/** Adds `serve`, which runs the webhook and the background sweeper. */
export function addServe(root: Command, terminal: Terminal): void {
  const command = root.command('serve').description('Run the admission webhook and the background sweeper.');
  addPorts(command);
  addCertificates(command);
  command
    .addOption(flag('--config <file>', 'GuardConfiguration file'))
    .addOption(benchmarkFlag())
    .addOption(
      flag(
        '--kubeconfig <file>',
        'cluster to watch and sweep (default: the files of $KUBECONFIG, the service account in a pod; never ~/.kube/config)',
      ),
    )
    .addOption(contextFlag())
    .addOption(kubeletCA())
    .addOption(flag('--only <part>', 'run only this part', ['webhook', 'sweep']))
    .option(
      '--demo',
      'run with a sample cluster, development certificates and a sample configuration; needs no cluster (env: KUBELET_GUARD_DEMO=true)',
    )
    .addOption(flag('--log-level <level>', 'lowest level to log (default: info, with --demo warn)', LOG_LEVELS))
    .addHelpText('after', HELP)
    .action((options: ServeOptions) => runServe(options, terminal));
}

function addPorts(command: Command): void {
  command
    .addOption(
      flag(
        '--listen <host:port>',
        'address of the webhook (default: :8443, on IPv4 and IPv6; with --demo 127.0.0.1:8443)',
      ),
    )
    .addOption(
      flag(
        '--local-listen <host:port>',
        'address of the page, health checks, metrics and report (default: 127.0.0.1:8080)',
      ),
    );
}

function addCertificates(command: Command): void {
  command
    .addOption(flag('--tls-cert-file <file>', 'serving certificate'))
    .addOption(flag('--tls-private-key-file <file>', 'private key of the serving certificate'))
    .addOption(
      flag(
        '--tls-secret <name>',
        'instead of files: Secret in which the webhook keeps its own CA and serving certificate, and renews them; it also updates the caBundle of its ValidatingWebhookConfiguration',
      ),
    )
    .addOption(
      flag('--tls-service <name>', 'with --tls-secret: Service that API servers call (default: kubelet-guard)'),
    )
    .addOption(
      flag(
        '--client-ca-file <file>',
        'CAs of client certificates; connections without such a certificate are rejected',
      ),
    );
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

/** Reads an environment variable that is `true` or `false`. */
function readSwitch(name: string, { env }: Terminal): boolean {
  const value = env[name] ?? 'false';
  if (value === 'true' || value === 'false') return value === 'true';
  throw new StartError('usage', `${name} must be true or false, not ${JSON.stringify(value)}`);
}
