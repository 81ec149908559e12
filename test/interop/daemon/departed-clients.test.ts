import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expose, oneway, PyroDaemon } from '../../../lib/core.js';
import { eventually } from '../../unit/daemon/fixtures.js';
import { PythonInterpreter } from '../python-interpreter.js';

/* Calls that a Python client sent before it left, with Pyro5's own server beside ours. */

const CALLS = 40;
const CALL_MS = 20;

class Recorder {
  readonly ended: number[] = [];
  @oneway
  @expose
  async note(index: number): Promise<void> {
    await delay(CALL_MS);
    this.ended.push(index);
  }
}

let python: PythonInterpreter;
beforeAll(async () => {
  python = await PythonInterpreter.start();
});
afterAll(() => python.stop());

/** Runs a Python program that makes the calls and leaves at once. */
async function callAndLeave(uri: string, how: string): Promise<void> {
  await python.run(
    `
    import subprocess
    client = """
    import os, signal, sys
    from Pyro5.api import Proxy
    recorder = Proxy(sys.argv[1])
    for index in range(int(sys.argv[2])):
        recorder.note(index)
    if sys.argv[3] == "is killed": os.kill(os.getpid(), signal.SIGKILL)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(client), uri, str(calls), how])`,
    { uri, calls: CALLS, how },
  );
}

const all = Array.from({ length: CALLS }, (_, index) => index);

for (const how of ['ends', 'is killed']) {
  it(`oneway calls of a Python client that ${how} are all carried out, as by Pyro5's server`, async () => {
    await using daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
    const recorder = new Recorder();
    await callAndLeave(String(daemon.register(recorder)), how);
    await eventually(() => recorder.ended.length === CALLS, 'all calls have ended');
    expect(recorder.ended).toEqual(all);
  });

  it(`Pyro5's server carries out all oneway calls of a Python client that ${how}`, async () => {
    const uri = await python.run<string>(
      `
      class Recorder:
          ended = []
          @Pyro5.api.oneway
          @expose
          def note(self, index):
              time.sleep(ms / 1000)
              self.ended.append(index)
      state.recorder = Recorder
      state.daemon = Pyro5.api.Daemon(host="127.0.0.1")
      uri = state.daemon.register(Recorder)
      threading.Thread(target=state.daemon.requestLoop, daemon=True).start()
      return str(uri)`,
      { ms: CALL_MS },
    );
    await callAndLeave(uri, how);
    const ended = await python.run(
      `
      end = time.monotonic() + 20
      while len(state.recorder.ended) < calls and time.monotonic() < end: time.sleep(0.01)
      state.daemon.shutdown()
      return sorted(state.recorder.ended)`,
      { calls: CALLS },
    );
    expect(ended).toEqual(all);
  });
}
