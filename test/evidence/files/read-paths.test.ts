import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { readPaths, type FileDocument, type FolderOptions } from '../../../src/evidence/files/read-paths.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-files-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const noInput = (): AsyncIterable<Uint8Array> => {
  throw new Error('standard input was not named');
};

async function* chunks(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield await Promise.resolve(part);
}

function write(name: string, content: string | Uint8Array = name): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

async function read(paths: readonly string[], input = noInput, options: FolderOptions = {}): Promise<FileDocument[]> {
  const documents: FileDocument[] = [];
  for await (const document of readPaths(paths, input, options)) documents.push(document);
  return documents;
}

/** The document of a file that was named itself. */
function named(path: string, text: unknown): unknown {
  return { form: 'text', path, text, found: { named: path } };
}

/** What was read, in order: names of texts, and names with the code of a problem. */
async function outline(...paths: string[]): Promise<string[]> {
  return outlineWith({}, ...(paths.length > 0 ? paths : [folder]));
}

async function outlineWith(options: FolderOptions, ...paths: string[]): Promise<string[]> {
  const found = await read(paths, noInput, options);
  return found.map((item) => {
    if (!('problem' in item)) return relative(folder, item.path);
    return `${relative(folder, 'path' in item.source ? item.source.path : '')} ${item.problem.code}`;
  });
}

describe('a folder', () => {
  test('is read with all its subfolders, always in the same order', async () => {
    for (const name of ['b.yaml', 'a/z.yml', 'a/B.json', 'a.yaml', 'c/d/e.manifest', 'a/é.yaml']) write(name);
    expect(await outline()).toStrictEqual(['a/B.json', 'a/z.yml', 'a/é.yaml', 'a.yaml', 'b.yaml', 'c/d/e.manifest']);
  });

  test('gives files of any name, but not what is below .git, node_modules and mounted volumes', async () => {
    for (const name of [
      'kubelet',
      'a.yaml.bak',
      '.git/x.yaml',
      'node_modules/a/x.yaml',
      '..data/x.yaml',
      '.hidden.yaml',
    ]) {
      write(name);
    }
    expect(await outline()).toStrictEqual(['.hidden.yaml', 'a.yaml.bak', 'kubelet']);
  });

  test('gives only files whose name and content can matter; a file that was named is always read', async () => {
    const other = write('a.go', 'kubelet');
    const irrelevant = write('b.yaml', 'nothing');
    write('c.yaml', 'kubelet');
    const options: FolderOptions = {
      hasName: (path) => !path.endsWith('.go'),
      canMatter: (_path, bytes) => Buffer.from(bytes).includes('kubelet'),
    };
    expect(await outlineWith(options, folder)).toStrictEqual(['c.yaml']);
    expect(await outlineWith(options, other, irrelevant)).toStrictEqual(['a.go', 'b.yaml']);
  });

  test('says of each file how it was found', async () => {
    const path = write('sub/x.yaml');
    expect(await read([folder])).toMatchObject([{ path, found: { named: folder } }]);
  });

  test('is announced once, if it was named', async () => {
    write('sub/x.yaml');
    const folders: string[] = [];
    await outlineWith({ onFolder: (path) => folders.push(path) }, folder, folder, join(folder, 'sub'));
    expect(folders).toStrictEqual([folder]);
  });

  test('is read once, even if links form a loop', async () => {
    write('a/x.yaml');
    symlinkSync('..', join(folder, 'a/up'));
    symlinkSync('a', join(folder, 'b'));
    expect(await outline()).toStrictEqual(['a/x.yaml']);
    expect(await outline(folder, folder, join(folder, 'b'))).toStrictEqual(['a/x.yaml']);
  });

  test('gives the targets of links, as in a mounted ConfigMap', async () => {
    write('..2026/kubelet.yaml');
    symlinkSync('..2026', join(folder, '..data'));
    symlinkSync('..data/kubelet.yaml', join(folder, 'kubelet.yaml'));
    expect(await outline()).toStrictEqual(['kubelet.yaml']);
  });

  test('with broken links still gives all other files', async () => {
    symlinkSync('missing', join(folder, 'a.yaml'));
    symlinkSync('missing', join(folder, 'editor-lock'));
    symlinkSync('round', join(folder, 'round'));
    symlinkSync('round.yaml', join(folder, 'round.yaml'));
    write('z.yaml');
    expect(await outline()).toStrictEqual(['a.yaml not-found', 'round.yaml unreachable', 'z.yaml']);
  });

  test('that is binary, but for the name of a configuration, is no text and no problem', async () => {
    write('kubelet', Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0));
    write('a.yaml', Uint8Array.of(0x61, 0));
    expect(await outline()).toStrictEqual(['a.yaml malformed']);
  });

  test('can be as deep as the file system allows', async () => {
    const deep = Array.from({ length: 300 }, () => 'd').join('/');
    write(`${deep}/x.yaml`);
    expect(await outline()).toStrictEqual([`${deep}/x.yaml`]);
  });
});

describe('a file', () => {
  test('given by its path is read whatever its name, with its text unchanged', async () => {
    const path = write('kubelet', '\ufeffkind: KubeletConfiguration\r\n');
    expect(await read([path])).toStrictEqual([
      { form: 'text', path, text: '\ufeffkind: KubeletConfiguration\r\n', found: { named: path } },
    ]);
  });

  test('that is empty is an empty text', async () => {
    const path = write('empty.yaml', '');
    expect(await read([path])).toStrictEqual([{ form: 'text', path, text: '', found: { named: path } }]);
  });

  test.each([
    ['that is missing', 'not-found', (): string => join(folder, 'missing.yaml')],
    ['below a file', 'not-found', (): string => join(write('file'), 'x.yaml')],
    ['that is binary', 'malformed', (): string => write('a.yaml', Uint8Array.of(0x61, 0, 0x62))],
    ['that is not UTF-8', 'malformed', (): string => write('a.yaml', Uint8Array.of(0x61, 0xff))],
    ['that is UTF-16', 'malformed', (): string => write('a.yaml', Uint8Array.of(0xff, 0xfe, 0x61, 0))],
    ['whose name is too long', 'unreachable', (): string => join(folder, 'a'.repeat(300))],
    ['that is a device', 'unreachable', (): string => '/dev/zero'],
  ] as const)('%s is a separate problem: %s', async (_name, code, make) => {
    const [first, ...others] = await read([make(), write('good.yaml')]);
    expect(first).toMatchObject({ problem: { code } });
    expect(others).toStrictEqual([named(join(folder, 'good.yaml'), 'good.yaml')]);
  });

  test('whose size is not known in advance is read to its end', async () => {
    expect(await read(['/proc/self/status'])).toStrictEqual([
      named('/proc/self/status', expect.stringMatching(/^Name:[^]*\nPid:[^]*\n$/)),
    ]);
  });

  test('that is larger than 64 MiB is rejected without being read', async () => {
    const path = write('large.yaml');
    truncateSync(path, 1024 ** 3);
    const before = process.memoryUsage.rss();
    expect(await read([path])).toMatchObject([{ problem: { code: 'too-large' }, source: { path } }]);
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 1024 * 1024);
  });

  test('that is a FIFO is not opened', async () => {
    const path = join(folder, 'fifo.yaml');
    expect(spawnSync('mkfifo', [path]).status).toBe(0);
    expect(await outline()).toStrictEqual(['fifo.yaml unreachable']);
    expect(await read([path])).toMatchObject([{ problem: { message: expect.stringContaining('a FIFO') } }]);
  });

  test('that is a socket is not opened', async () => {
    const path = join(folder, 'socket.yaml');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    try {
      expect(await outline()).toStrictEqual(['socket.yaml unreachable']);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  // root may read everything
  const asUser = process.getuid?.() === 0 ? test.skip : test;
  asUser('that may not be read is a problem (main.test.ts shows it to root, too)', async () => {
    chmodSync(write('a.yaml'), 0);
    expect(await outline()).toStrictEqual(['a.yaml forbidden']);
  });
});

describe('standard input', () => {
  test('is read completely and once, in the order of the arguments', async () => {
    const euro = new TextEncoder().encode('€');
    const input = (): AsyncIterable<Uint8Array> => chunks(euro.subarray(0, 1), euro.subarray(1));
    const path = write('a.yaml');
    expect(await read([path, '-', '-'], input)).toStrictEqual([named(path, 'a.yaml'), named('-', '€')]);
  });

  test('is not read any further once it is too large', async () => {
    const part = new Uint8Array(1024 * 1024);
    let given = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (; given < 1000; given += 1) yield await Promise.resolve(part);
    }
    expect(await read(['-'], endless)).toMatchObject([{ problem: { code: 'too-large' }, source: { path: '-' } }]);
    expect(given).toBeLessThan(70);
  });

  test('that breaks off is a problem', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(new Uint8Array(1));
      throw Object.assign(new Error('read'), { code: 'EISDIR' });
    }
    expect(await read(['-'], broken)).toMatchObject([
      { problem: { code: 'unreachable', message: expect.stringContaining('EISDIR') } },
    ]);
  });
});

test('files are read one by one, on demand', async () => {
  write('a.yaml');
  const later = write('b.yaml');
  const documents = readPaths([folder], noInput);
  await documents.next();
  writeFileSync(later, 'changed');
  expect((await documents.next()).value).toMatchObject({ text: 'changed' });
});
