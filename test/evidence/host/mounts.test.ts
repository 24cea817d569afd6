import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { mountOf } from '../../../src/evidence/host/bytes.ts';
import { assertEntered, readMounts } from '../../../src/evidence/host/mounts.ts';

function entering(type: string | undefined): () => void {
  return () => {
    const descriptor = openSync('/', 'r');
    try {
      assertEntered(new Map(type === undefined ? [] : [[mountOf(descriptor) ?? '', type]]), descriptor);
    } finally {
      closeSync(descriptor);
    }
  };
}

test.each(['ext4', 'xfs', 'overlay', 'tmpfs', 'nfs4', 'virtiofs'])('%s is entered', (type) => {
  expect(entering(type)).not.toThrow();
});

test.each(['fuse', 'fuse.sshfs', 'fuseblk', 'autofs', 'proc', 'sysfs', 'debugfs', 'tracefs', undefined])(
  '%s is not entered',
  (type) => {
    expect(entering(type)).toThrow(/ask its \/configz/);
  },
);

test('the mount table is parsed as in proc_pid_mountinfo(5), from all files that exist', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-mounts-'));
  const table = join(folder, 'mountinfo');
  writeFileSync(
    table,
    '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n' +
      '37 35 0:5 / /a\\040-\\040b rw - fuse.x x rw - ext4\n' +
      'nonsense\n',
  );
  expect(readMounts(join(folder, 'none'), table)).toStrictEqual(
    new Map([
      ['36', 'ext3'],
      ['37', 'fuse.x'],
    ]),
  );
  rmSync(folder, { recursive: true });
});
