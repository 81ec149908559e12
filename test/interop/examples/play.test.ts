import { afterAll, beforeAll, expect, it } from 'vitest';
import { expose } from 'nestjs-pyro/core';
import type { Example } from './example.js';
import { NameServers } from './name-servers.js';
import { assertRuns } from './play.js';

const TIMEOUT_MS = 60_000;

let nameServers: NameServers;
beforeAll(async () => {
  nameServers = await NameServers.start();
});
afterAll(() => nameServers.close());

class WrongSums {
  multiply(x: number, y: number): number {
    return x + y;
  }
}
expose(WrongSums);

class WrongEcho {
  echo(_message: unknown): string {
    return 'something else';
  }
  generator(): Iterator<string> {
    return ['one', 'two', 'three'].values();
  }
  error(): void {}
  shutdown(): void {}
}
expose(WrongEcho);

const wrongSums: Example = {
  async serve(stage) {
    await stage.register('example.eventloop.server', (await stage.daemon()).register(new WrongSums()));
  },
  scripts: [{ file: 'client.py', input: '\n', prints: ['5*11=55'] }],
};
const wrongEcho: Example = {
  async serve(stage) {
    return (await stage.daemon()).register(new WrongEcho(), 'test.echoserver');
  },
  original: [{ file: 'Pyro5.utils.echoserver', ready: 'echoserver running.' }],
  scripts: [{ file: 'client.py', input: (uri) => `${uri}\n`, tracebacks: true }],
};
const noServer: Example = {
  serve: () => Promise.resolve(),
  scripts: [{ file: 'client.py', exitCode: 1, prints: ['unknown name'] }],
};
const unjudged: Example = { ...wrongSums, scripts: [{ file: 'client.py' }] };
const silent: Example = { ...wrongSums, scripts: [{ file: 'client.py', ready: '5*11=11' }] };
const judged: Example = {
  ...wrongSums,
  scripts: [{ file: 'client.py', input: '\n', prints: [] }],
  judge: (outputs) => expect(outputs[0]).toContain("'x'*10=x10"),
};

it.concurrent.each<[string, string, Example, RegExp]>([
  ['wrong values are printed', 'eventloop', wrongSums, /client\.py did not print 5\*11=55/],
  ['the output differs from that against Python', 'echoserver', wrongEcho, /client\.py against our server and against Python/],
  ['a traceback is printed', 'eventloop', noServer, /client\.py printed a traceback/],
  ['a script ends as it should not', 'eventloop', { ...noServer, scripts: [{ file: 'client.py', prints: [] }] }, /ended with 1/],
  ['a script ends before it is ready', 'eventloop', silent, /ended before it printed 5\*11=11/],
  ['nothing judges a script', 'eventloop', unjudged, /give it prints or until/],
])('an example fails when %s', { timeout: TIMEOUT_MS }, async (_why, name, example, message) => {
  await expect(assertRuns(name, example, nameServers)).rejects.toThrow(message);
});

it('an example passes when its output is right', { timeout: TIMEOUT_MS }, async () => {
  await assertRuns('eventloop', judged, nameServers);
});
