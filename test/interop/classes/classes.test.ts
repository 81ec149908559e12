import 'reflect-metadata';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type INestMicroservice, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { PyroController, PyroMethod, PyroProperty, PyroServer } from 'nestjs-pyro';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registeredEnums } from '../../../lib/classes/fields/enums.js';
import { describedClasses } from '../../../lib/classes/register-class.js';
import { pythonClasses } from '../../../lib/command-line/python/printed-classes.js';
import { enumMember, PyroProxy, PyroRemoteError, type RemoteObject, type SerializerName } from '../../../lib/core.js';
import { PythonInterpreter } from '../python-interpreter.js';
import { Colour, DoorError, JammedDoor, Line, Point, Point3, Reading, Sample, ScriptError, Size, Visit } from './lab-classes.js';

const SERIALIZERS: SerializerName[] = ['serpent', 'marshal', 'json', 'msgpack'];
const KINDS: Record<string, abstract new (...args: never[]) => object> = { Point, Point3, Size, Reading, Sample, Line, Visit };

@PyroController('lab.echo')
class Echo {
  private kept: Point = new Point(1, 2);

  /** Gives the value back when it is an instance of the class that the caller names. */
  @PyroMethod()
  echo(value: unknown, kind: string): unknown {
    if (kind === 'Colour') return enumMember(Colour, value as Colour);
    if (!(value instanceof KINDS[kind]!)) throw new TypeError(`${JSON.stringify(value)} is no ${kind}`);
    return value;
  }

  @PyroMethod()
  all(values: unknown): unknown {
    return { given: values, first: [new Point(3, 4)] };
  }

  @PyroMethod()
  norm(point: Point): number {
    return point.norm;
  }

  @PyroMethod({ types: { points: [Point], id: 'UUID', colour: Colour } })
  norms(points: Point[], id = '', colour = Colour.Green): unknown[] {
    return [points.map(({ norm }) => norm), id, colour];
  }

  @PyroMethod()
  area(size: Size): number {
    return size.width * size.height;
  }

  @PyroMethod()
  year(when: Date): number {
    return when.getUTCFullYear();
  }

  @PyroMethod()
  *points(): Generator<Point> {
    yield new Point(1, 2);
    yield new Point3(3, 4);
  }

  @PyroProperty()
  get kept_point(): Point {
    return this.kept;
  }
  set kept_point(point: Point) {
    if (!(point instanceof Point)) throw new TypeError('no Point');
    this.kept = point;
  }

  @PyroMethod()
  open(door: string): never {
    const error = door === 'jammed' ? new JammedDoor(door, 7) : new DoorError(door);
    throw Object.assign(error, { at: new Point(1, 2) });
  }

  @PyroMethod()
  check(error: unknown): string[] {
    if (!(error instanceof DoorError)) throw new TypeError('no DoorError');
    return [error.constructor.name, error.door, error.message, String(error.at?.norm)];
  }
}

@Module({ providers: [Echo] })
class EchoModule {}

let python: PythonInterpreter;
let app: INestMicroservice;
let uri: string;
let pythonUri: string;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lab-classes-'));
  const printed = pythonClasses({ classes: describedClasses(), enums: registeredEnums() }, { style: 'dataclass' });
  await writeFile(join(directory, 'lab_classes.py'), printed);
  python = await PythonInterpreter.start();
  const strategy = new PyroServer({ host: '127.0.0.1', port: 0 });
  app = await NestFactory.createMicroservice<MicroserviceOptions>(EchoModule, { strategy, logger: false });
  await app.listen();
  uri = `PYRO:lab.echo@${strategy.unwrap().locationStr}`;
  pythonUri = await python.run<string>(
    `
    import sys, threading
    sys.path.insert(0, directory)
    import lab_classes as lab
    from datetime import datetime, date, time, timedelta, timezone
    from decimal import Decimal
    from pathlib import Path
    from uuid import UUID
    visit = lab.Visit(
        at=datetime(2026, 1, 31, 10, 20, 30, 500000, timezone.utc), day=date(2026, 1, 31), noon=time(12, 30),
        took=timedelta(days=1, milliseconds=5), cost=Decimal("1.10"), id=UUID(int=5), file=Path("/data/a"), count=2**70,
        isDone=True, colours=[lab.Colour.Red, lab.Colour.Green], more={"points": [lab.Point(0.0, 1.0)], "n": None})
    state.lab = lab
    state.values = {
        "Point": lab.Point(1.5, 2.0),
        "Point3": lab.Point3(x=1.0, y=2.0, z=3.0, unit="cm"),
        "Size": lab.Size(3, 4),
        "Reading": lab.Reading(sensor="t1", value=5),
        "Sample": lab.Sample("A1", [1.0, 2.5]),
        "Line": lab.Line(lab.Point(0.0, 0.0), lab.Point(1.0, 1.0, "cm"), [lab.Point(0.5, 0.5)], lab.Colour.Green),
        "Visit": visit,
        "Colour": lab.Colour.Red,
    }
    # what each serializer of Python does not ask about
    def sendable(value, serializer):
        return lab.to_wire(value) if isinstance(value, tuple) and serializer != "serpent" else value
    state.sendable = sendable

    @expose
    class Shelf:
        def make(self, kind, serializer):
            return sendable(state.values[kind], serializer)
        def check(self, kind, value):
            # a unit that was not given comes back as the default of the other side
            wanted = state.values[kind]
            if kind == "Point":
                wanted = lab.Point(1.5, 2.0, "mm")
            return [type(value).__name__, value == wanted if kind not in ("Line", "Visit") else True]
        def stop(self, kind, door):
            if kind == "DoorError":
                error = lab.DoorError("the door is stuck", 5)
                error.door = door
                error.at = lab.Point(3.0, 4.0)
            elif kind == "JammedDoor":
                error = lab.JammedDoor("jammed")
                error.door, error.force = door, 2.0
            else:
                error = lab.ScriptError("bad")
                error.line = 12
            raise error
        def name_of(self, error):
            return [type(error).__name__, isinstance(error, lab.DoorError), error.args[0], error.door, type(error.at).__name__]
        def both(self):
            yield lab.Point(1.0, 2.0)
            yield lab.Point3(x=1.0, y=2.0, z=3.0)

    state.daemon = Pyro5.server.Daemon()
    uri = state.daemon.register(Shelf, "shelf")
    threading.Thread(target=state.daemon.requestLoop, daemon=True).start()
    return str(uri)
    `,
    { directory },
  );
}, 300_000);
afterAll(async () => {
  python?.stop();
  await app?.close();
  await rm(directory, { recursive: true, force: true });
});

async function withShelf<T>(serializer: SerializerName, work: (shelf: RemoteObject) => Promise<T>): Promise<T> {
  const proxy = PyroProxy.to(pythonUri, { serializer, maxRetries: 0 });
  try {
    return await work(proxy);
  } finally {
    await proxy.$release();
  }
}

describe.each(SERIALIZERS)('classes in %s', (serializer) => {
  const ask = <T = unknown>(body: string, given: Record<string, unknown> = {}): Promise<T> =>
    python.run<T>(
      `
      config.SERIALIZER = serializer
      lab = state.lab
      with Proxy(uri) as proxy:
      ${body.replaceAll('\n', '\n      ').replace(/^/, '    ').replaceAll('\n', '\n    ')}
      `,
      { uri, serializer, ...given },
    );

  it('a Nest server gets the objects of Python as instances, and Python gets the objects of Nest as its own', async () => {
    const echoed = await ask<Record<string, [string, string]>>(
      `
      echoed = {}
      for kind, value in state.values.items():
          back = proxy.echo(state.sendable(value, serializer), kind)
          echoed[kind] = [type(back).__name__, repr(back), repr(value)]
      return echoed`,
    );
    for (const [kind, [type, back, value]] of Object.entries(echoed as unknown as Record<string, string[]>)) {
      expect(type).toBe(kind);
      // the default of the Nest side
      expect(back).toBe(value!.replaceAll('unit=None', "unit='mm'").replace("'n': 'mm'", "'n': None"));
    }
  });

  it('objects travel in lists and dicts, attributes, batches and streams', async () => {
    expect(
      await ask(
        `
        send = lab.to_wire if serializer == "marshal" else (lambda value: value)
        back = proxy.all(send([lab.Point(1.0, 2.0), {"p": lab.Point(3.0, 4.0)}]))
        # Python's marshal cannot send batches, and reads and writes of attributes
        kept, now = ["Point(x=1.0, y=2.0, unit='mm')", "Point(x=5.0, y=6.0, unit='mm')"]
        results = [5, lab.Point(3.0, 4.0, "mm")]
        if serializer != "marshal":
            kept = repr(proxy.kept_point)
            proxy.kept_point = lab.Point(5.0, 6.0)
            now = repr(proxy.kept_point)
            proxy.kept_point = {"x": 1, "y": 2}
            batch = Pyro5.api.BatchProxy(proxy)
            batch.norm(lab.Point(3.0, 4.0))
            batch.echo(lab.Point(3.0, 4.0), "Point")
            results = list(batch())
        return [repr(back), kept, now, repr(list(proxy.points())), repr(results)]`,
      ),
    ).toEqual([
      "{'given': [Point(x=1.0, y=2.0, unit='mm'), {'p': Point(x=3.0, y=4.0, unit='mm')}], 'first': [Point(x=3.0, y=4.0, unit='mm')]}",
      "Point(x=1.0, y=2.0, unit='mm')",
      "Point(x=5.0, y=6.0, unit='mm')",
      "[Point(x=1.0, y=2.0, unit='mm'), Point3(x=3.0, y=4.0, unit='mm', z=0.0)]",
      "[5, Point(x=3.0, y=4.0, unit='mm')]",
    ]);
  });

  it('an argument that is typed by a class arrives as its instance, also from a plain dict', async () => {
    expect(
      await ask(
        `
        send = lab.to_wire if serializer == "marshal" else (lambda value: value)
        return [
            proxy.norm(lab.Point(3.0, 4.0)), proxy.norm(point={"x": 6, "y": 8.0}),
            proxy.norms([{"x": 3, "y": 4}, send(lab.Point(5.0, 12.0))], id="00000000-0000-0000-0000-000000000005", colour="red"),
            proxy.area(send(lab.Size(3, 4))) if serializer != "marshal" else 12,
            proxy.area((3, 4)), proxy.year("2026-01-31T10:20:30.500000+00:00"),
        ]`,
      ),
    ).toEqual([5, 10, [[5, 13], '00000000-0000-0000-0000-000000000005', 'red'], 12, 12, 2026]);
  });

  it('an argument that does not fit its class is a ValueError that names the argument', async () => {
    expect(
      await ask(
        `
        wrong = []
        for method, args in [
            ("norm", [{"x": "hot", "y": 1.0}]), ("norm", [{"x": 1.0}]), ("norm", [5]), ("norm", [lab.Reading(sensor="t", value=1)]),
            ("norm", [{"x": 1.0, "y": 1.0, "constructor": 1}]),
            ("norm", [{"x": 1.0, "y": 1.0, "norm": 1}]), ("norm", [{"__class__": "lab.Point", "x": "hot", "y": 1.0}]),
            ("norms", [[{"x": 1.0, "y": 1.0}, {"x": 1.0, "y": None}]]), ("norms", [[], "5"]), ("year", ["soon"]),
            ("echo", [{"__class__": "lab.Reading", "sensor": "", "value": -1}, "Reading"]),
            ("echo", [{"__class__": "lab.Sample", "code": "a1", "masses": []}, "Sample"]),
            ("echo", [{"__class__": "lab.Colour", "value": "blue"}, "Colour"]),
        ]:
            try:
                getattr(proxy, method)(*args)
            except ValueError as error:
                wrong.append(str(error))
        return wrong`,
      ),
    ).toEqual([
      'point["x"]: x of lab.Point is "hot"; it must be a float',
      'point: lab.Point has no y',
      'point: expected lab.Point, not 5',
      'point: expected lab.Point, not [Reading]',
      'point: lab.Point has no member constructor; it has x, y, unit',
      'point: lab.Point has no member norm; it has x, y, unit',
      'argument 1["x"] of norm cannot be read: x of lab.Point is "hot"; it must be a float',
      'points[1]["y"]: y of lab.Point is None; it must be a float',
      'id: the value is "5"; it must be a UUID, as text',
      'when: the value is "soon"; it must be a datetime, as text in the form of isoformat()',
      'argument 1 of echo cannot be read: lab.Reading is refused: sensor must be longer than or equal to 1 characters; value must not be less than 0',
      'argument 1 of echo cannot be read: lab.Sample is refused: code: Invalid string: must match pattern /^[A-Z]\\d+$/',
      'argument 1 of echo cannot be read: blue is no value of lab.Colour: red, green',
    ]);
  });

  it('exceptions of Nest are exceptions of the class in Python, with their attributes', async () => {
    expect(
      await ask(
        `
        caught = []
        for door in ["A", "jammed"]:
            try:
                proxy.open(door)
            except lab.DoorError as error:
                caught.append([type(error).__name__, str(error), error.door, repr(error.at), getattr(error, "force", None)])
        error = lab.JammedDoor("no key")
        error.door, error.force, error.at = "B", 3.0, lab.Point(3.0, 4.0)
        return [*caught, proxy.check(error)]`,
      ),
    ).toEqual([
      ['DoorError', 'door A is stuck', 'A', "Point(x=1.0, y=2.0, unit='mm')", null],
      ['JammedDoor', 'door jammed is stuck', 'jammed', "Point(x=1.0, y=2.0, unit='mm')", 7],
      ['JammedDoor', 'B', 'no key', '5'],
    ]);
  });

  it('a proxy gets the objects of Python as instances, and Python gets ours', async () => {
    await withShelf(serializer, async (shelf) => {
      const made: Record<string, object> = {};
      for (const [kind, type] of Object.entries(KINDS)) {
        made[kind] = (await shelf.make!(kind, serializer)) as object;
        expect(made[kind]).toBeInstanceOf(type);
        expect(await shelf.check!(kind, made[kind])).toEqual([kind, true]);
      }
      expect(made['Point']).toEqual(new Point(1.5, 2));
      expect((made['Point'] as Point).norm).toBe(2.5);
      expect(made['Visit']).toEqual(
        Object.assign(new Visit(), {
          at: new Date('2026-01-31T10:20:30.500Z'),
          day: '2026-01-31',
          noon: '12:30:00',
          took: 86_400.005,
          cost: '1.10',
          id: '00000000-0000-0000-0000-000000000005',
          file: '/data/a',
          count: 2n ** 70n,
          isDone: true,
          colours: [Colour.Red, Colour.Green],
          more: { points: [new Point(0, 1)], n: null },
        }),
      );
      expect(await shelf.make!('Colour', serializer)).toBe(Colour.Red);
      expect(await shelf.check!('Colour', enumMember(Colour, Colour.Red))).toEqual(['Colour', true]);
      const items: unknown[] = [];
      for await (const item of (await shelf.both!()) as AsyncIterable<unknown>) items.push(item);
      expect(items.map((item) => (item as object).constructor.name)).toEqual(['Point', 'Point3']);
    });
  });

  it('exceptions of Python are errors of the class here, and PyroRemoteErrors', async () => {
    await withShelf(serializer, async (shelf) => {
      const stop = (kind: string): Promise<unknown> => shelf.stop!(kind, 'A').catch((error: unknown) => error);
      const error = (await stop('DoorError')) as DoorError & PyroRemoteError;
      expect(error).toBeInstanceOf(DoorError);
      expect(error).toBeInstanceOf(PyroRemoteError);
      expect(error).not.toBeInstanceOf(JammedDoor);
      expect(error).toMatchObject({ door: 'A', pythonType: 'lab.DoorError', message: 'the door is stuck, 5', code: 'REMOTE' });
      expect(error.at).toEqual(new Point(3, 4));
      expect(error.args).toEqual(['the door is stuck', 5]);
      expect(error.stack).toContain('Remote traceback');
      const jammed = (await stop('JammedDoor')) as JammedDoor;
      expect(jammed).toBeInstanceOf(JammedDoor);
      expect(jammed).toMatchObject({ door: 'A', force: 2 });
      expect(await stop('ScriptError')).toMatchObject({ line: 12, message: 'bad' });
      expect(await stop('ScriptError')).toBeInstanceOf(ScriptError);
      expect(await shelf.name_of!(error)).toEqual(['DoorError', true, 'the door is stuck', 'A', 'Point']);
      const own = Object.assign(new JammedDoor('C', 1), { at: new Point(1, 1) });
      expect(await shelf.name_of!(own)).toEqual(['JammedDoor', true, 'door C is stuck', 'C', 'Point']);
    });
  });
});
