import { readFileSync } from 'node:fs';

/** Linux counts CPU time in hundredths of a second. */
const MICROS_PER_TICK = 10_000;

/** CPU time that a process and its children have used; undefined where the system does not tell: elsewhere than on Linux. */
export function cpuMicrosOf(pid: number): number | undefined {
  try {
    // the name of the program, in parentheses, may hold anything
    const fields = read(`/proc/${pid}/stat`).split(') ').at(-1)!.split(' ');
    let micros = (Number(fields[11]) + Number(fields[12])) * MICROS_PER_TICK;
    const children = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean);
    for (const child of children) micros += cpuMicrosOf(Number(child)) ?? 0;
    return micros;
  } catch {
    return undefined;
  }
}

function read(file: string): string {
  return readFileSync(file, 'latin1');
}
