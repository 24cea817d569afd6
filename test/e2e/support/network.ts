import { randomBytes, randomInt } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import type { Cleanup } from './cleanup.ts';
import { note } from './last-resort.ts';
import { must } from './programs.ts';

/** A network namespace that is connected to this host. */
export interface Network {
  readonly namespace: string;
  /** The address of this host as the namespace sees it. */
  readonly host: string;
  /** The address of the namespace. */
  readonly address: string;
  /** From now on packets to the namespace are dropped without an answer, as behind a firewall. */
  readonly cutOff: () => Promise<void>;
}

/**
 * A network namespace that a pair of virtual interfaces connects to this host. Names are random, and so is the network:
 * a /30 out of 198.18.0.0/15, which is reserved for tests (RFC 2544), so that parallel runs do not collide.
 */
export async function addNetwork(cleanup: Cleanup): Promise<Network> {
  const namespace = `kg${randomBytes(5).toString('hex')}`;
  const [host, address] = freeAddresses();
  note('network', namespace);
  cleanup.add(() => must('ip', 'netns', 'delete', namespace)); // this deletes its interface, and so the other end
  await must('ip', 'netns', 'add', namespace);
  cleanup.add(() => must('ip', 'link', 'delete', namespace));
  await must('ip', 'link', 'add', namespace, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
  await must('ip', 'address', 'add', `${host}/30`, 'dev', namespace);
  await must('ip', 'link', 'set', namespace, 'up');
  await must('ip', '-netns', namespace, 'address', 'add', `${address}/30`, 'dev', 'eth0');
  await must('ip', '-netns', namespace, 'link', 'set', 'lo', 'up');
  await must('ip', '-netns', namespace, 'link', 'set', 'eth0', 'up');
  await must('ip', '-netns', namespace, 'route', 'add', 'default', 'via', host);
  // frames go to a MAC address that nobody has: address resolution does not fail, and nothing is rejected
  const nobody = ['lladdr', '02:00:00:00:00:01', 'nud', 'permanent'];
  const cutOff = () => must('ip', 'neighbour', 'replace', address, ...nobody, 'dev', namespace);
  return { namespace, host, address, cutOff };
}

function freeAddresses(): [string, string] {
  const taken = new Set(Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? []));
  for (;;) {
    const network = randomInt(2 ** 15) * 4;
    const at = (offset: number) => `198.${18 + (network >> 16)}.${(network >> 8) & 0xff}.${(network & 0xff) + offset}`;
    if (!taken.has(at(1))) return [at(1), at(2)];
  }
}
