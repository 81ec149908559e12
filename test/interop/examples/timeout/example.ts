import { setTimeout as sleep } from 'node:timers/promises';
import { PyroController, PyroMethod } from 'nestjs-pyro';
import type { Example } from '../example.js';

@PyroController({ name: 'example.timeout', instanceMode: 'single' })
class TimeoutServer {
  @PyroMethod()
  async delay(seconds: number): Promise<string> {
    await sleep(seconds * 1000);
    return `slept ${seconds} seconds`;
  }
}

/**
 * The client has time limits of 1 s. It also asserts that a call takes at most 0.2 s longer than it should, which a busy machine does
 * not keep: Python leaves its assertions out. What it prints tells which calls reached their limit.
 */
export default {
  alone: 'timed',
  async serve(stage) {
    await stage.nest({ providers: [TimeoutServer] });
    // accepts connections, and never answers
    const frozen = await stage.daemon({ handshakeTimeoutMs: 0, validateHandshake: () => new Promise(() => {}) });
    await stage.register('example.timeout.frozendaemon', frozen.uriFor('frozen'));
  },
  scripts: [
    {
      file: 'client.py',
      env: { PYTHONOPTIMIZE: '1' },
      until: 'Feel free to abort',
      prints: [
        'No timeout is configured. Calling delay with 2 seconds.\n',
        'Timeout set to 1 seconds. Calling delay with 2 seconds.\nTimeoutError! As expected!\n',
        'COMMTIMEOUT is set globally. Calling delay with 2 seconds.\nTimeoutError! As expected!\n',
        'No timeout is configured. Calling delay with 3 seconds.\nTrying to connect to the frozen daemon.\n',
        'Timeout set to 1 seconds. Trying to connect.\nTimeoutError! As expected!\n',
      ],
    },
  ],
} satisfies Example;
