// Removes what an ELF program does not need to run: symbols, debug information and the table of sections. It is done here,
// because the strip of one machine reads only programs of that machine.

const PROGRAM_HEADERS = 0x20;
const SECTION_HEADERS = 0x28;
const PROGRAM_HEADER_SIZE = 0x36;
const SECTION_COUNT = 0x3c;
const SECTION_NAMES = 0x3e;

/**
 * Cuts off what is behind the last segment.
 *
 * @throws Error if it is not a 64-bit little-endian ELF file
 */
export function stripped(program: Buffer): Buffer {
  if (program.subarray(0, 6).toString('latin1') !== '\x7fELF\x02\x01') throw new Error('not a 64-bit ELF program');
  const kept = Buffer.from(program.subarray(0, endOfSegments(program)));
  kept.writeBigUInt64LE(0n, SECTION_HEADERS);
  kept.writeUInt16LE(0, SECTION_COUNT);
  kept.writeUInt16LE(0, SECTION_NAMES);
  return kept;
}

function endOfSegments(program: Buffer): number {
  const start = Number(program.readBigUInt64LE(PROGRAM_HEADERS));
  const size = program.readUInt16LE(PROGRAM_HEADER_SIZE);
  const count = program.readUInt16LE(PROGRAM_HEADER_SIZE + 2);
  const ends = Array.from({ length: count }, (_none, index) => {
    const header = start + index * size;
    return Number(program.readBigUInt64LE(header + 0x08) + program.readBigUInt64LE(header + 0x20));
  });
  return Math.max(...ends);
}
