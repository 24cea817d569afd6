import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { openFiles, openHost, type HostFiles } from '../../../src/evidence/host/files.ts';
import { asOther } from './as-other.ts';

let folder: string;
let root: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-host-'));
  root = join(folder, 'root');
  mkdirSync(root);
  writeFileSync(join(folder, 'secret'), 'secret');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, content: string | Uint8Array = name): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), content);
}

function link(name: string, target: string): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  symlinkSync(target, join(root, name));
}

function using<T>(use: (files: HostFiles) => T, workingDirectory = '/', from = root): T {
  const files = openFiles({ root: from, workingDirectory: join(from, workingDirectory), mountinfo: [] });
  if ('state' in files) throw new Error(files.problem.message);
  try {
    return use(files);
  } finally {
    files.close();
  }
}

/** The text, or why there is none. */
function read(path: string, workingDirectory?: string): string {
  const content = using((files) => files.readFile(path), workingDirectory);
  if (content.state === 'read') return content.text;
  return content.state === 'missing' ? 'missing' : content.problem.code;
}

describe('a path', () => {
  test('is resolved below the root of the process, with its links', () => {
    write('etc/kubelet.yaml', 'text');
    link('absolute', '/etc/kubelet.yaml');
    link('relative', 'etc/kubelet.yaml');
    link('up', '../../../../etc/kubelet.yaml');
    link('etc/config', '..');
    for (const path of [
      '/etc/kubelet.yaml',
      '//etc/./kubelet.yaml',
      '/../etc/kubelet.yaml',
      '/etc/../../etc/kubelet.yaml',
      '/absolute',
      '/relative',
      '/up',
      '/etc/config/absolute',
    ]) {
      expect([path, read(path)]).toStrictEqual([path, 'text']);
    }
  });

  test.each(['../secret', '/../secret', '../../secret', 'x/../../secret'])(
    'never leaves the root by a link to %s',
    (to) => {
      mkdirSync(join(root, 'x'));
      link('config', to);
      link('folder', to.replace('secret', ''));
      expect(read('/config')).toBe('missing');
      expect(read('/folder/secret')).toBe('missing');
      expect(read(join(folder, 'secret'))).toBe('missing');
    },
  );

  test('that is relative begins at the working directory', () => {
    write('etc/kubernetes/kubelet.yaml', 'here');
    write('kubelet.yaml', 'above');
    link('etc/kubernetes/link', '../../kubelet.yaml');
    expect(read('kubelet.yaml', 'etc/kubernetes')).toBe('here');
    expect(read('../../kubelet.yaml', 'etc/kubernetes')).toBe('above');
    expect(read('../../../../kubelet.yaml', 'etc/kubernetes')).toBe('above');
    expect(read('../kubernetes/./kubelet.yaml', 'etc/kubernetes')).toBe('here');
    expect(read('link', 'etc/kubernetes')).toBe('above');
    expect(read('/kubelet.yaml', 'etc/kubernetes')).toBe('above');
  });

  test('that is relative is a problem if the working directory is gone', () => {
    write('kubelet.yaml');
    const files = openFiles({ root, workingDirectory: join(root, 'gone'), mountinfo: [] });
    if ('state' in files) throw new Error(files.problem.message);
    expect(files.readFile('kubelet.yaml')).toMatchObject({ problem: { code: 'relative-path' } });
    expect(files.readFile('/kubelet.yaml')).toMatchObject({ state: 'read' });
    files.close();
  });

  test.each(['', '/missing', '/file/below', '/file/', '/file/..', '/dangling', '/through/x'])(
    'that leads nowhere is missing: %j',
    (path) => {
      write('file');
      link('dangling', 'nowhere');
      link('through', 'file');
      expect(read(path)).toBe('missing');
    },
  );

  test('can go through 40 links, but no more', () => {
    write('0', 'end');
    for (let at = 1; at <= 41; at += 1) link(String(at), String(at - 1));
    expect(read('/40')).toBe('end');
    expect(read('/41')).toBe('unreachable');
    link('round', 'round');
    link('a/b', '/c');
    link('c', 'a/b');
    expect([read('/round'), read('/a/b'), read('/round/x')]).toStrictEqual(Array(3).fill('unreachable'));
  });

  test('is a problem if it is invalid or too long', () => {
    expect(read('/a\0b')).toBe('malformed');
    expect(read(`/${'a/'.repeat(2048)}`)).toBe('malformed');
    expect(read(`/${'a'.repeat(300)}`)).toBe('unreachable');
    expect(read('/caf\uFFFD.yaml')).toBe('malformed');
    const deep = 'd/'.repeat(250);
    write(`${deep}x`);
    expect(read(`/${deep}x`)).toBe('too-large');
  });

  test('is resolved as in a model, in any tree', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const path = fc
      .tuple(
        fc.constantFrom('', '/'),
        fc.array(fc.oneof(name, fc.constantFrom('..', '.', '')), { minLength: 1, maxLength: 5 }),
      )
      .map(([start, names]) => `${start}${names.join('/')}` || '.');
    const entry = fc.oneof(
      fc.record({ at: fc.array(name, { minLength: 1, maxLength: 3 }), link: path }),
      fc.record({ at: fc.array(name, { minLength: 1, maxLength: 3 }) }),
    );
    fc.assert(
      fc.property(
        fc.array(entry, { maxLength: 8 }),
        fc.array(path, { minLength: 1, maxLength: 5 }),
        (entries, paths) => {
          const tree = mkdtempSync(join(folder, 'tree-'));
          const model: Folder = new Map();
          for (const { at, ...rest } of entries) place(tree, model, at, 'link' in rest ? rest.link : undefined);
          for (const asked of paths) {
            const content = using((files) => files.readFile(asked), '/', tree);
            const found = content.state === 'read' ? content.text : content.state;
            expect([asked, found]).toStrictEqual([asked, follow(model, asked)]);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

type Folder = Map<string, Folder | { readonly text: string } | { readonly link: string }>;

/** Makes a file or link, in a tree and in the model of it, unless the path exists. */
function place(tree: string, model: Folder, at: readonly string[], link: string | undefined): void {
  let here = model;
  for (const name of at.slice(0, -1)) {
    const next = here.get(name) ?? (new Map() as Folder);
    if (!(next instanceof Map)) return;
    here.set(name, next);
    here = next;
  }
  const name = at.at(-1) ?? '';
  const path = join(tree, ...at);
  if (here.has(name)) return;
  mkdirSync(dirname(path), { recursive: true });
  if (link === undefined) writeFileSync(path, at.join('/'));
  else symlinkSync(link, path);
  here.set(name, link === undefined ? { text: at.join('/') } : { link });
}

function follow(model: Folder, path: string): string {
  const names = path.split('/');
  let way: Folder[] = [];
  for (let links = 0; names.length > 0;) {
    const name = names.shift() ?? '';
    if (name === '' || name === '.') continue;
    if (name === '..') {
      way.pop();
      continue;
    }
    const next = (way.at(-1) ?? model).get(name);
    if (next === undefined) return 'missing';
    if (next instanceof Map) way.push(next);
    else if ('link' in next) {
      links += 1;
      if (links > 40) return 'unreadable';
      names.unshift(...next.link.split('/'));
      if (next.link.startsWith('/')) way = [];
    } else return names.length === 0 ? next.text : 'missing';
  }
  // a folder
  return 'unreadable';
}

describe('a file', () => {
  test.each<[string, Uint8Array, string]>([
    ['nothing', Buffer.alloc(0), ''],
    ['a byte order mark', Buffer.from('\ufeffkind: x\r\n'), '\ufeffkind: x\r\n'],
    ['UTF-16', Buffer.from('\ufeffkind: x', 'utf16le'), 'malformed'],
    ['Latin-1', Buffer.from('\xe9', 'latin1'), 'malformed'],
    ['NUL', Buffer.from('kind: x\0'), 'malformed'],
  ])('with %s', (_, bytes, expected) => {
    write('file', bytes);
    expect(read('/file')).toBe(expected);
    expect(using((files) => files.readBytes('/file'))).toStrictEqual({ state: 'read', bytes: Buffer.from(bytes) });
  });

  test('is read up to 10 MiB, and a sparse one of 10 GB is rejected at once', () => {
    const text = 'a'.repeat(10 * 1024 * 1024);
    write('largest', text);
    write('larger', `${text}a`);
    write('sparse', '');
    truncateSync(join(root, 'sparse'), 10e9);
    expect(read('/largest')).toBe(text);
    expect(read('/larger')).toBe('too-large');
    const before = process.memoryUsage().arrayBuffers;
    expect(read('/sparse')).toBe('too-large');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
  });

  test('is opened only if it is regular', async () => {
    spawnSync('mkfifo', [join(root, 'fifo')]);
    link('pipe', 'fifo');
    mkdirSync(join(root, 'directory'));
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(root, 'socket'), resolve));
    const messages = ['/fifo', '/pipe', '/directory', '/socket'].map((path) => {
      const content = using((files) => files.readFile(path));
      return content.state === 'unreadable' ? content.problem.message : content.state;
    });
    server.close();
    expect(messages).toStrictEqual([
      '/fifo is a FIFO, which is not read: name a file',
      '/pipe is a FIFO, which is not read: name a file',
      '/directory is a folder, which is not read: name a file',
      '/socket is a socket, which is not read: name a file',
    ]);
  });

  test.each(['/dev/null', '/proc/self/status', '/dev/fd/0', '/dev/stdin', '/sys/kernel/mm/ksm/run'])(
    'is not read if it differs for each reader, or is not regular: %s',
    (path) => {
      const files = openHost('/');
      if ('state' in files) throw new Error(files.problem.message);
      expect(files.readFile(path)).toMatchObject({ state: 'unreadable', problem: { code: 'unreachable' } });
      files.close();
    },
  );

  test('that this user cannot read is forbidden, also inside a folder', () => {
    write('file');
    write('closed/file');
    write('passage/file', 'text');
    chmodSync(folder, 0o711);
    chmodSync(join(root, 'file'), 0);
    chmodSync(join(root, 'closed'), 0);
    chmodSync(join(root, 'passage'), 0o711);
    const found = asOther(() => [read('/file'), read('/closed/file'), read('/passage/file'), read('/passage/none')]);
    chmodSync(join(root, 'closed'), 0o700);
    expect(found).toStrictEqual(['forbidden', 'forbidden', 'text', 'missing']);
  });

  test('has metadata, which needs no right to read the file', () => {
    write('file', 'text');
    link('link', 'file');
    chmodSync(join(root, 'file'), 0o640);
    utimesSync(join(root, 'file'), 1, 2);
    const { uid, gid, ctime } = statSync(join(root, 'file'));
    const facts = { state: 'present', kind: 'file', mode: 0o640, owner: uid, group: gid, size: 4 };
    expect(using((files) => files.stat('/link'))).toStrictEqual({ ...facts, changed: ctime });
    expect(using((files) => files.stat('/'))).toMatchObject({ kind: 'folder' });
    expect(using((files) => files.stat('/none'))).toStrictEqual({ state: 'missing' });
  });
});

test('a root that does not exist is a problem', () => {
  expect(openHost(join(folder, 'none'))).toMatchObject({ state: 'unreadable', problem: { code: 'not-found' } });
});

test('no file stays open', () => {
  write('d/10.conf');
  write('deep/er/file');
  link('round', 'round');
  link('deep/up', '../..');
  const before = readdirSync('/proc/self/fd').length;
  for (const path of ['/deep/er/file', '/deep/up/deep/../d/10.conf', '/round', '/none/x', '/deep/er/file/x', '../x']) {
    using(
      (files) => [files.readFile(path), files.stat(path), files.readDropIns('/d'), files.readStaticPods('/d')],
      'deep',
    );
  }
  expect(readdirSync('/proc/self/fd')).toHaveLength(before);
});

/** The names that are read, in order, or why there are none. */
function dropIns(directory: string, workingDirectory?: string): unknown {
  const found = using((files) => files.readDropIns(directory), workingDirectory);
  if (!('state' in found)) return found.map(({ path }) => path);
  return found.state === 'missing' ? (found.path ?? 'missing') : found.problem.message.split(':')[0];
}

describe('drop-ins', () => {
  test('are read in the order of bytes, with folders among the files', () => {
    for (const name of [
      'b.conf',
      'B.conf',
      'a/z.conf',
      'a/a/x.conf',
      'a.conf',
      'a-b/x.conf',
      '\u{1F600}.conf',
      '\uFF5E.conf',
    ]) {
      write(`d/${name}`);
    }
    const names = [
      'B.conf',
      'a/a/x.conf',
      'a/z.conf',
      'a-b/x.conf',
      'a.conf',
      'b.conf',
      '\uFF5E.conf',
      '\u{1F600}.conf',
    ];
    expect(dropIns('/d')).toStrictEqual(names.map((name) => `/d/${name}`));
  });

  test('end in .conf, in folders of any name', () => {
    for (const name of [
      'a.conf',
      '.conf',
      'a.CONF',
      'a.conf.bak',
      'a.yaml',
      'conf',
      '.hidden/x.conf',
      'x.conf/y.conf',
    ]) {
      write(`d/${name}`);
    }
    expect(dropIns('/d/')).toStrictEqual(['/d/.conf', '/d/.hidden/x.conf', '/d/a.conf', '/d/x.conf/y.conf']);
  });

  test('can be links to files, but not to folders', () => {
    write('other/x.conf');
    write('text', 'linked');
    link('d/a.conf', '/text');
    link('d/b', '/other');
    expect(using((files) => files.readDropIns('/d'))).toStrictEqual([{ path: '/d/a.conf', text: 'linked' }]);
  });

  test('of a linked folder are read only if its path ends in a slash', () => {
    write('d/x.conf');
    link('link', 'd');
    expect(dropIns('/link')).toStrictEqual([]);
    expect(dropIns('/link/')).toStrictEqual(['/link/x.conf']);
    link('link.conf', 'd/x.conf');
    expect(dropIns('/link.conf')).toStrictEqual(['/link.conf']);
    expect(dropIns('/d/x.conf')).toStrictEqual(['/d/x.conf']);
    write('file');
    expect(dropIns('/file')).toStrictEqual([]);
  });

  test('of a relative folder are read from the working directory', () => {
    write('etc/d/x.conf');
    expect(dropIns('d', 'etc')).toStrictEqual(['d/x.conf']);
    expect(dropIns('.', 'etc/d')).toStrictEqual(['x.conf']);
  });

  test('are missing if their folder or the target of a link is missing', () => {
    expect(dropIns('/none')).toBe('missing');
    write('d/a.conf');
    link('d/b.conf', 'nowhere');
    expect(dropIns('/d')).toBe('/d/b.conf');
  });

  test('are unknown if one of them cannot be read', () => {
    write('d/a.conf');
    spawnSync('mkfifo', [join(root, 'd/b.conf')]);
    expect(dropIns('/d')).toBe('/d/b.conf is a FIFO, which is not read');
    write('e/a.conf');
    link('e/b.conf', '/d');
    expect(dropIns('/e')).toBe('/e/b.conf is a folder, which is not read');
  });

  test('can have names that are not UTF-8', () => {
    mkdirSync(join(root, 'd'));
    writeFileSync(Buffer.concat([Buffer.from(join(root, 'd/')), Buffer.from([0xff]), Buffer.from('.conf')]), 'text');
    expect(using((files) => files.readDropIns('/d'))).toStrictEqual([{ path: '/d/\uFFFD.conf', text: 'text' }]);
  });

  test('are at most 2,000 files', () => {
    mkdirSync(join(root, 'd'));
    for (let at = 0; at < 2001; at += 1) writeFileSync(join(root, 'd', String(at)), '');
    expect(dropIns('/d')).toMatch(/^\/d holds more than 2000 files/);
  });
});

describe('static pods', () => {
  const pods = (path: string): unknown => {
    const found = using((files) => files.readStaticPods(path));
    return found.state === 'read' ? found.files.map((file) => file.path) : found.state;
  };

  test('are all regular files whose names do not begin with a dot', () => {
    for (const name of ['b.yaml', 'a.yaml.bak', 'a', '.hidden', 'folder/x.yaml', '~a', 'B']) write(`m/${name}`);
    link('m/link.yaml', '/m/a');
    link('m/linked-folder', 'folder');
    link('m/dangling', 'nowhere');
    spawnSync('mkfifo', [join(root, 'm/fifo')]);
    expect(pods('/m/')).toStrictEqual(['/m/B', '/m/a', '/m/a.yaml.bak', '/m/b.yaml', '/m/link.yaml', '/m/~a']);
  });

  test('can be one file, a linked folder, an empty folder, or missing', () => {
    write('m/.pod', 'text');
    link('l', 'm');
    write('m/a');
    expect(pods('/m/.pod')).toStrictEqual(['/m/.pod']);
    expect(pods('/l')).toStrictEqual(['/l/a']);
    expect(pods('/none')).toBe('missing');
    mkdirSync(join(root, 'empty'));
    expect(pods('/empty')).toStrictEqual([]);
  });

  test('of 10 MiB and more are left out', () => {
    write('m/a', '');
    truncateSync(join(root, 'm/a'), 10 * 1024 * 1024);
    write('m/b');
    expect(using((files) => files.readStaticPods('/m'))).toStrictEqual({
      state: 'read',
      files: [{ path: '/m/b', text: 'm/b' }],
      problems: [],
    });
  });

  test('that cannot be read are problems, and the others are read', () => {
    write('m/a', Buffer.from([0xff]));
    write('m/b');
    link('m/c', 'c');
    expect(using((files) => files.readStaticPods('/m'))).toMatchObject({
      files: [{ path: '/m/b' }],
      problems: [{ code: 'malformed' }, { code: 'unreachable' }],
    });
  });

  test('are unknown in a folder whose name is a pattern', () => {
    write('m[1]/a');
    expect(using((files) => files.readStaticPods('/m[1]'))).toMatchObject({ problem: { code: 'unresolved' } });
  });
});
