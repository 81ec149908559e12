import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { RemoteSource } from '../../../lib/inspector/sources/remote-source.js';
import { PythonInterpreter } from '../python-interpreter.js';

const NEVER_OLD_MS = 3_600_000;

let python: PythonInterpreter;
let source: RemoteSource | undefined;
beforeAll(async () => {
  python = await PythonInterpreter.start();
});
afterEach(async () => {
  await source?.close();
  await python.run('state.daemon.shutdown()');
});
afterAll(() => python.stop());

/** Starts a daemon of Python that counts how often a client asks for the members of its devices. */
function startDaemon(port = 0, on = python): Promise<string> {
  return on.run<string>(
    `
    @expose
    class CountingDaemonObject(Pyro5.server.DaemonObject):
        def get_metadata(self, objectId):
            if objectId.startswith('device'):
                state.asked.append(objectId)
            return super().get_metadata(objectId)

    @expose
    class Camera:
        def exposure(self):
            return 1

    @expose
    class Stage:
        def move(self):
            return 2

    state.asked = []
    state.classes = {'Camera': Camera, 'Stage': Stage}
    state.daemon = Pyro5.server.Daemon(host='127.0.0.1', port=port, interface=CountingDaemonObject)
    threading.Thread(target=state.daemon.requestLoop, daemon=True).start()
    return state.daemon.locationStr
    `,
    { port },
  );
}

async function register(className: 'Camera' | 'Stage', ...objectIds: string[]): Promise<void> {
  const body = `
    for objectId in objectIds:
        state.daemon.register(state.classes[className](), objectId)
    `;
  await python.run(body, { className, objectIds });
}

async function unregister(objectId: string): Promise<void> {
  await python.run('state.daemon.unregister(objectId)', { objectId });
}

/** How often the members of the devices were asked for since the last time. */
function timesAsked(): Promise<number> {
  return python.run<number>(`
    asked, state.asked = state.asked, []
    return len(asked)
    `);
}

function inspect(location: string, keptMs: number): RemoteSource {
  const shown = { location, objectId: 'device', names: new Map<string, string[]>() };
  return (source = new RemoteSource(shown, {}, 100, keptMs));
}

/** The names of the members by the ids of the objects; null where they are not known. */
async function shownBy(inspector: RemoteSource): Promise<Record<string, string[] | null>> {
  const [server] = await inspector.take();
  expect(server!.error).toBeNull();
  return Object.fromEntries(
    server!.objects
      .filter(({ objectId }) => objectId !== 'Pyro.Daemon')
      .map(({ objectId, members }) => [objectId, members?.map(({ name }) => name) ?? null]),
  );
}

it('the inspector shows the new members of an object of Python that was registered again, and none of one that has gone', async () => {
  const inspector = inspect(await startDaemon(), 0);
  await register('Camera', 'device', 'device.spare');
  expect(await shownBy(inspector)).toEqual({ device: ['exposure'], 'device.spare': ['exposure'] });
  await unregister('device');
  await unregister('device.spare');
  await register('Stage', 'device');
  expect(await shownBy(inspector)).toEqual({ device: ['move'] });
  await unregister('device');
  // the object that the user named stays on the page
  expect(await shownBy(inspector)).toEqual({ device: null });
  await register('Camera', 'device');
  expect(await shownBy(inspector)).toEqual({ device: ['exposure'] });
});

it('the inspector asks a daemon of Python again for the members of ten objects in each snapshot, and for none that are new', async () => {
  const location = await startDaemon();
  const ids = Array.from({ length: 25 }, (_, index) => `device.${index}`);
  await register('Camera', 'device', ...ids);
  const patient = inspect(location, NEVER_OLD_MS);
  expect(Object.keys(await shownBy(patient))).toHaveLength(26);
  expect(await timesAsked()).toBe(26);
  await shownBy(patient);
  expect(await timesAsked()).toBe(0);
  await patient.close();

  const eager = inspect(location, 0);
  await shownBy(eager);
  // all objects are new, and ten of them are old at once
  const first = await timesAsked();
  expect(first).toBeGreaterThanOrEqual(26);
  for (const id of ['device', ...ids]) await unregister(id);
  await register('Stage', 'device', ...ids);
  for (let snapshot = 0; snapshot < 3; snapshot++) {
    await shownBy(eager);
    expect(await timesAsked()).toBeLessThanOrEqual(10);
  }
  expect(new Set(Object.values(await shownBy(eager)).map(String))).toEqual(new Set(['move']));
});

it('the inspector asks for all members again when another daemon of Python answers at the address', async () => {
  const other = await PythonInterpreter.start();
  const location = await startDaemon(0, other);
  await other.run("state.daemon.register(state.classes['Camera'](), 'device')");
  const inspector = inspect(location, NEVER_OLD_MS);
  expect(await shownBy(inspector)).toEqual({ device: ['exposure'] });
  await other.run(`
    state.daemon.shutdown()
    state.daemon.close()
    `);
  other.stop();
  await startDaemon(Number(location.split(':')[1]));
  await register('Stage', 'device');
  // a snapshot that meets the broken connection tells it as an error
  await expect.poll(() => shownBy(inspector)).toEqual({ device: ['move'] });
});

it('an object of Python whose id no URI can have is listed without a URI, the others as before, and a call of it is refused', async () => {
  const location = await startDaemon();
  await python.run(`
    for objectId in ['my cam', 'a@b', 'a@./u:x', 'stage']:
        state.daemon.objectsById[objectId] = state.classes['Camera']()`);
  const shown = { location, objectId: 'stage', names: new Map<string, string[]>() };
  source = new RemoteSource(shown, { callTimeoutMs: 5_000, maxRetries: 0 }, 100, NEVER_OLD_MS);
  const [server] = await source.take();
  expect(server!.error).toBeNull();
  const found = server!.objects.map(({ objectId, uri, members }) => [objectId, uri, members?.length]);
  expect(found).toEqual([
    ['Pyro.Daemon', `PYRO:Pyro.Daemon@${location}`, expect.any(Number)],
    ['my cam', null, 1],
    ['a@b', null, 1],
    ['a@./u:x', null, 1],
    ['stage', `PYRO:stage@${location}`, 1],
  ]);
  for (const id of ['my cam', 'a@b', 'a@evil:1', '']) {
    expect(() => source!.reach(location, id)).toThrow(expect.objectContaining({ status: 400 }) as Error);
  }
});
