import type { Benchmark, BenchmarkRow } from './benchmark.js';
import { add, type Case, contenderFor, echo, echoBytes, echoText } from './cases.js';
import { Contest, type Rounds } from './contest.js';
import { type ServerName, Servers } from './servers.js';
import { records } from './values.js';

const ROUNDS: Rounds = { rounds: 5, warmUpMs: 200, ms: 700 };
const SMALLEST = 'add, 1 connection';

interface Task {
  case: Case;
  server: ServerName;
}

const nest = (theCase: Case): Task => ({ case: theCase, server: 'Nest' });
const echoSome = (count: number): Task =>
  nest(
    echo(
      Array.from({ length: count }, (_, index) => records[index % 100]),
      64,
    ),
  );

const TASKS: Record<string, Task> = {
  [SMALLEST]: nest(add(1)),
  'add, 8 connections': nest(add(8)),
  'add, 64 connections': nest(add(64)),
  'add, 256 connections': nest(add(256)),
  'add, 1,000 connections': nest(add(1_000)),
  'echo of 1 KiB of text': nest(echoText(1_024, 64)),
  'echo of 100 KiB of text': nest(echoText(102_400, 64)),
  'echo of 1 MiB of bytes': nest(echoBytes(1, 4)),
  'echo of 10 MiB of bytes': nest(echoBytes(10, 4)),
  'echo of 1 record': echoSome(1),
  'echo of 10 records': echoSome(10),
  'echo of 100 records': echoSome(100),
  'echo of 1,000 records': echoSome(1_000),
  'core: add, 64 connections': { case: add(64), server: 'core' },
  'the same with 10,000 other objects': { case: add(64), server: 'core, 10,000 objects' },
};

/** Shows how the cost of a call grows with connections, sizes and objects. */
const benchmark: Benchmark = async (options) => {
  const servers = new Servers();
  try {
    const tasks = Object.entries(TASKS).filter(([name]) => name === SMALLEST || name.includes(options.case));
    const contenders = await Promise.all(tasks.map(([name, task]) => contenderFor(servers, task.server, task.case, name)));
    const contest = await Contest.hold(contenders, ROUNDS, options);
    const rows = tasks.map(([name]): BenchmarkRow => ({
      case: name,
      'CPU, µs': contest.median(name, 'cpu'),
      [`× ${SMALLEST}`]: contest.ratio(name, SMALLEST, 'cpu'),
      'a second': contest.median(name, 'rate'),
      'p50, µs': contest.median(name, 'p50'),
      'p99, µs': contest.median(name, 'p99'),
    }));
    return { rows };
  } finally {
    await servers.stop();
  }
};

export default benchmark;
