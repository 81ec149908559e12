import { PyroController, PyroMethod } from 'nestjs-pyro';
import { type Example, SERVING } from '../example.js';

@PyroController({ name: 'example.autoretry' })
class CalcServer {
  @PyroMethod()
  add(num1: number, num2: number): number {
    return num1 + num2;
  }
}

/** The server closes idle connections (Python: COMMTIMEOUT = 0.5); the client's proxy calls again by itself. */
export default {
  async serve(stage) {
    await stage.nest({ providers: [CalcServer] }, { idleTimeoutMs: 500 });
  },
  original: [{ file: 'server.py', ready: SERVING }],
  // the server closes the connection of a client that pauses for half a second between two calls
  alone: 'timed',
  scripts: [{ file: 'client.py', prints: ["ConnectionClosedError('receiving:", '3rd time (will not raise any exceptions)'] }],
} satisfies Example;
