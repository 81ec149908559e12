import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { lineWriter } from '../../../lib/reports/standard-output.js';

/** A stream whose writes end when the test says so. */
class Output extends EventEmitter {
  readonly lines: string[] = [];
  private readonly sent: (() => void)[] = [];
  write(line: string, sent: () => void): void {
    this.lines.push(line);
    this.sent.push(sent);
  }
  send(): void {
    for (const sent of this.sent.splice(0)) sent();
  }
}

it('many writers of a stream have one listener at it, until all lines are written', async () => {
  const output = new Output();
  const stream = output as unknown as NodeJS.WriteStream;
  for (let line = 0; line < 20; line++) lineWriter(stream)(String(line));
  expect(output.listenerCount('error')).toBe(1);
  expect(output.lines).toHaveLength(20);
  output.emit('error', new Error('EPIPE'));
  output.send();
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(output.listenerCount('error')).toBe(0);
});
