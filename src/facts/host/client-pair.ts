// The client certificate and key that a kube-apiserver of a host presents.

import type { CertificateFile, PairFiles } from '../../policy/certificates.ts';
import type { ProcessDocument } from '../../policy/document.ts';
import type { Problem } from '../../policy/reading.ts';
import type { ApiServerReadings } from '../../policy/settings.ts';
import type { Word } from '../argv/words.ts';
import { changedFile } from './files.ts';

/** From this version on, it reads both files again for new connections (client-go transport/cert_rotation.go). */
const RELOADS_SINCE = 18;
/** kube-apiserver refuses to start without it since 1.20 (cmd/kube-apiserver/app/options/validation.go). */
const REQUIRED_SINCE_20 = '--service-account-issuer';

/**
 * The files of both settings, as a process that is started now would read them.
 *
 * @param created the files that its launcher creates if they do not exist; nothing is known of those yet
 */
export function presentPair(
  settings: ApiServerReadings,
  document: ProcessDocument,
  created: readonly string[] = [],
): PairFiles | undefined {
  const pair = pairOf(settings, document, document.certificates?.read);
  const [certificate, key] = pathsOfPair(settings);
  const isToCome = (file: CertificateFile | undefined, path: string | undefined): boolean =>
    file?.state === 'missing' && created.includes(path ?? '');
  return isToCome(pair?.certificate, certificate) || isToCome(pair?.key, key) ? undefined : pair;
}

/** The files of both settings, as a running process presents them: an old one keeps what it read at its start. */
export function runningPair(
  settings: ApiServerReadings,
  words: readonly Word[],
  document: ProcessDocument,
): PairFiles | undefined {
  const { certificates } = document;
  const changed = keptFile(settings, words, document);
  if (changed === undefined) return pairOf(settings, document, certificates?.read);
  const problem = isKept(changed, document);
  const { issuance: _issuance, ...pair } = pairOf(settings, document, () => ({ state: 'unreadable', problem })) ?? {};
  return 'certificate' in pair ? pair : undefined;
}

/** A file of the pair that was changed since a process read it that does not read it again. */
export function keptFile(
  settings: ApiServerReadings,
  words: readonly Word[],
  document: ProcessDocument,
): string | undefined {
  const { files, startedAt } = document;
  if (!keepsPair(words, document)) return undefined;
  return changedFile(files, pathsOfPair(settings), { startedAt, writesItself: false });
}

function pathsOfPair({ kubeletClientCertificate, kubeletClientKey }: ApiServerReadings): string[] {
  return [kubeletClientCertificate, kubeletClientKey].flatMap((reading) =>
    reading.state === 'set' && reading.value !== '' ? [reading.value] : [],
  );
}

/** Whether a running process does not read changed files. A version that nothing shows is a present one unless a flag is missing. */
function keepsPair(words: readonly Word[], { minor, command }: ProcessDocument): boolean {
  if (minor !== undefined) return minor < RELOADS_SINCE;
  return command.by === 'words' && !words.some(({ text }) => text.split('=', 1)[0] === REQUIRED_SINCE_20);
}

function isKept(path: string, { minor }: ProcessDocument): Problem {
  const version =
    minor === undefined
      ? `runs without ${REQUIRED_SINCE_20}, so it is older than 1.20`
      : `has the version 1.${String(minor)}`;
  const message = `${path} was changed after the start of kube-apiserver, which ${version}: before 1.18 it keeps the certificate and key that it read at its start, which no file shows any more; restart it`;
  return { code: 'ambiguous', message };
}

function pairOf(
  { kubeletClientCertificate: certificate, kubeletClientKey: key }: ApiServerReadings,
  { certificates: sight }: ProcessDocument,
  read: ((path: string) => CertificateFile) | undefined,
): PairFiles | undefined {
  if (sight === undefined || read === undefined) return undefined;
  if (certificate.state !== 'set' || key.state !== 'set') return undefined;
  const issuance = sight.issuance(certificate.value);
  return {
    certificate: read(certificate.value),
    key: read(key.value),
    ...(issuance && { issuance }),
    moment: sight.moment,
  };
}
