// What containers use, by their cgroups on the node.

import type { RealCluster } from './real-cluster.ts';

/** What a container has used at one moment. */
export interface Usage {
  /** Nanoseconds of some clock. */
  readonly time: number;
  /** Nanoseconds of CPU since its start. */
  readonly cpu: number;
  /** Bytes, without files that nobody has read for a while: what `kubectl top` shows. */
  readonly memory: number;
}

/** Prints time, CPU time and memory of each container, with cgroup v1 or v2. */
const SCRIPT = `
for id; do
  file=$(grep -ls "$id" /proc/[0-9]*/cgroup | head -n 1)
  path() { awk -F: -v name="$1" '$2 ~ "(^|,)" name "(,|$)" { print $3; exit }' "$file"; }
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    cgroup=/sys/fs/cgroup$(awk -F: '$1 == 0 { print $3 }' "$file")
    cpu=$(awk '$1 == "usage_usec" { print $2 * 1000 }' "$cgroup/cpu.stat")
    memory=$(cat "$cgroup/memory.current")
    old=$(awk '$1 == "inactive_file" { print $2 }' "$cgroup/memory.stat")
  else
    cpu=$(cat "/sys/fs/cgroup/cpuacct$(path cpuacct)/cpuacct.usage")
    cgroup=/sys/fs/cgroup/memory$(path memory)
    memory=$(cat "$cgroup/memory.usage_in_bytes")
    old=$(awk '$1 == "total_inactive_file" { print $2 }' "$cgroup/memory.stat")
  fi
  echo "$(date +%s%N) $cpu $((memory - old))"
done`;

/**
 * Reads what containers have used.
 *
 * @param ids the ids of the containers, as the container runtime has them
 */
export async function usageOf({ enter }: RealCluster, ids: readonly string[]): Promise<readonly Usage[]> {
  const { code, stdout, stderr } = await enter(['sh', '-c', SCRIPT, 'sh', ...ids]);
  const rows = stdout.trim().split('\n');
  if (code !== 0 || rows.length !== ids.length) throw new Error(`the cgroups cannot be read: ${stdout}${stderr}`);
  return rows.map((row) => {
    const [time = NaN, cpu = NaN, memory = NaN] = row.split(' ').map(Number);
    return { time, cpu, memory };
  });
}
