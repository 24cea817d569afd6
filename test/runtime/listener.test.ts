import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';

import { describe, expect, test } from '@jest/globals';

import { authorityOf, listen, parseAddress } from '../../src/runtime/listener.ts';

describe('an address', () => {
  test.each([
    ['127.0.0.1:8443', { host: '127.0.0.1', port: 8443 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['[::1]:65535', { host: '::1', port: 65_535 }],
    [':8443', { host: '', port: 8443 }],
  ])('%s is parsed, and written the same', (text, address) => {
    expect(parseAddress(text, '--listen')).toStrictEqual(address);
    expect(authorityOf(address)).toBe(text);
  });

  test.each(['', '8443', ':', ':x', 'localhost', 'localhost:', '::1:8443', 'a:65536', 'a:-1', 'a:1x', 'a b:1', '[]:1'])(
    '%j is rejected',
    (text) => {
      expect(() => parseAddress(text, '--listen')).toThrow(`--listen must be HOST:PORT`);
    },
  );
});

describe('listening', () => {
  const families = ['127.0.0.1', '::1'].filter((own) =>
    Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === own)),
  );
  test.each(families)('without a host works for IPv4 and IPv6: %s', async (host) => {
    const listener = await listen(
      createServer((_request, response) => response.end('here')),
      { host: '', port: 0 },
      '--listen',
    );
    expect(listener.address.host).toBe(families.includes('::1') ? '::' : '0.0.0.0');
    const answer = await fetch(`http://${authorityOf({ host, port: listener.address.port })}/`);
    expect(await answer.text()).toBe('here');
    listener.cut();
    await listener.drain({ linger: 0, patience: 0 });
  });

  test('on a port in use fails with what to do', async () => {
    const first = await listen(createServer(), { host: '127.0.0.1', port: 0 }, '--listen');
    await expect(listen(createServer(), first.address, '--listen')).rejects.toThrow(
      `another program already listens on 127.0.0.1:${first.address.port}: stop it, or choose another address with --listen HOST:PORT`,
    );
    await first.drain({ linger: 0, patience: 0 });
  });

  test('leaves no timer when it is cut while it drains', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const listener = await listen(createServer(), { host: '127.0.0.1', port: 0 }, '--listen');
    const before = timers();
    const drained = listener.drain({ linger: 3_600_000, patience: 0 });
    expect(timers()).toBe(before + 1);
    listener.cut();
    await drained;
    expect(timers()).toBe(before);
  });

  test('on an address of another machine fails with what to do', async () => {
    const listening = listen(createServer(), { host: '192.0.2.1', port: 0 }, '--local-listen');
    await expect(listening).rejects.toThrow(
      'this machine does not have the address 192.0.2.1: check it, or choose another',
    );
  });
});
