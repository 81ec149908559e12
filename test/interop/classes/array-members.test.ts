import 'reflect-metadata';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type INestMicroservice, Module, UsePipes, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { Expose, Type } from 'class-transformer';
import { IsArray, IsDefined, IsString, MaxLength, ValidateNested } from 'class-validator';
import { NdArray, PyroClass, PyroController, PyroMethod, PyroServer } from 'nestjs-pyro';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pythonClasses } from '../../../lib/command-line/python/printed-classes.js';
import { descriptionOf } from '../../../lib/classes/register-class.js';
import { PyroProxy, type RemoteObject, type SerializerName } from '../../../lib/core.js';
import { numpyFileDirectory } from '../arrays/numpy-peer.js';
import { PythonInterpreter } from '../python-interpreter.js';

/** Neither registered nor validated: class-transformer makes it. */
class Meta {
  @Expose()
  dark!: NdArray;

  @Type(() => Float64Array)
  times!: Float64Array;
}

@PyroClass('arrays.Frame')
class Frame {
  @IsString()
  @MaxLength(10)
  name!: string;

  @IsDefined()
  pixels!: NdArray;

  @IsDefined()
  @Type(() => NdArray)
  mask!: NdArray;

  @IsDefined()
  wave!: Float64Array;

  @IsArray()
  @Type(() => NdArray)
  rows!: NdArray[];

  @ValidateNested()
  @Type(() => Meta)
  meta!: Meta;
}

@PyroClass('arrays.Plain', { fields: { pixels: NdArray, 'wave?': Int16Array, 'all?': [NdArray] } })
class Plain {
  pixels!: NdArray;
  wave?: Int16Array;
  all?: NdArray[];
}

const kindOf = (value: unknown): string => {
  if (value instanceof NdArray) return `${value.dtype}[${value.shape.join(',')}]`;
  return Array.isArray(value) ? `(${value.map(kindOf).join(' ')})` : `${(value as object).constructor.name}(${String(value)})`;
};

@PyroController('arrays.desk')
class Desk {
  @PyroMethod()
  frame({ name, pixels, mask, wave, rows, meta }: Frame): unknown[] {
    return [name, ...[pixels, mask, wave, rows, meta.dark, meta.times].map(kindOf)];
  }

  @PyroMethod()
  plain({ pixels, wave, all }: Plain): unknown[] {
    return [pixels, wave, all].filter((each) => each !== undefined).map(kindOf);
  }

  @PyroMethod()
  mirror(frame: Frame): Frame {
    return Object.assign(frame, { pixels: frame.pixels.slice([null, null, -1]), name: 'mirrored' });
  }

  @PyroMethod()
  @UsePipes(new ValidationPipe())
  piped({ pixels }: Frame): string {
    return kindOf(pixels);
  }
}

@Module({ providers: [Desk] })
class DeskModule {}

let python: PythonInterpreter;
let app: INestMicroservice;
let directory: string;
let uri: string;
let pythonUri: string;

beforeAll(async () => {
  directory = await numpyFileDirectory();
  const classes = [Frame, Plain].map((type) => descriptionOf(type)!);
  await writeFile(join(directory, 'array_classes.py'), pythonClasses({ classes, enums: [] }, { style: 'dataclass' }));
  python = await PythonInterpreter.start();
  const strategy = new PyroServer({ host: '127.0.0.1', port: 0 });
  app = await NestFactory.createMicroservice<MicroserviceOptions>(DeskModule, { strategy, logger: false });
  await app.listen();
  uri = `PYRO:arrays.desk@${strategy.unwrap().locationStr}`;
  pythonUri = await python.run<string>(
    `
    import sys
    sys.path.insert(0, directory)
    import numpy as np, pyro_numpy, array_classes as lab
    def frame(**changed):
        members = dict(
            name="a", pixels=np.arange(6, dtype="uint8").reshape(2, 3), mask=np.ones((2, 3), bool), wave=np.array([0.5, 1], "float32"),
            rows=[np.zeros(2, "int32"), np.zeros((0, 2))], meta={"dark": np.array(7, "int64"), "times": [1, 2.5]})
        return lab.Frame(**{**members, **changed})
    state.frame, state.np, state.lab = frame, np, lab
    @expose
    class Camera:
        def take(self):
            return lab.to_wire(frame())
        def check(self, frame):
            return [type(frame).__name__, str(frame.pixels.dtype), frame.pixels.tolist(), [row.shape for row in frame.rows],
                    int(frame.meta["dark"])]
    state.camera = Pyro5.api.Daemon(host="127.0.0.1")
    uri = state.camera.register(Camera())
    threading.Thread(target=state.camera.requestLoop, daemon=True).start()
    return str(uri)`,
    { directory },
  );
});
afterAll(async () => {
  await app?.close();
  python?.stop();
  await rm(directory, { recursive: true });
});

describe.each<SerializerName>(['serpent', 'json', 'msgpack', 'marshal'])(
  'arrays of NumPy in the members of a class, with %s',
  (serializer) => {
    const called = (body: string): Promise<unknown> =>
      python.run(
        `
      np, lab, frame = state.np, state.lab, state.frame
      with Proxy(uri) as desk:
          desk._pyroSerializer = serializer
          try:
              return ${body}
          except Exception as error:
              return type(error).__name__ + ": " + str(error)`,
        { uri, serializer },
      );

    it('arrays in members arrive as NdArrays and typed arrays, also where class-transformer makes the class, and in a nested class', async () => {
      const kinds = [
        'a',
        'uint8[2,3]',
        'bool[2,3]',
        'Float64Array(0.5,1)',
        '(int32[2] float64[0,2])',
        'int64[]',
        'Float64Array(1,2.5)',
      ];
      expect(await called('desk.frame(lab.to_wire(frame()))')).toEqual(kinds);
      expect(await called('desk.frame(lab.to_wire(frame(mask=[[1, 0]], wave=[0.5, 1])))')).toEqual(
        Object.assign([...kinds], { 2: 'float64[1,2]' }),
      );
      expect(await called('desk.plain({"pixels": np.zeros((2, 2)), "wave": np.array([1, 2]), "all": [np.zeros(1)]})')).toEqual([
        'float64[2,2]',
        'Int16Array(1,2)',
        '(float64[1])',
      ]);
      expect(await called('desk.piped(lab.to_wire(frame()))')).toBe('uint8[2,3]');
    });

    it('arrays in members go back to Python as arrays of NumPy in an object of the class', async () => {
      expect(
        await called(`(lambda back: [type(back).__name__, back.name, str(back.pixels.dtype), back.pixels.tolist(), back.mask.shape,
                 back.wave, [row.shape for row in back.rows]])(desk.mirror(lab.to_wire(frame())))`),
      ).toEqual([
        'Frame',
        'mirrored',
        'uint8',
        [
          [3, 4, 5],
          [0, 1, 2],
        ],
        [2, 3],
        [0.5, 1],
        [[2], [0, 2]],
      ]);
    });

    it('an array is refused by its member when the member has another type', async () => {
      expect(await called('desk.plain({"pixels": "x"})')).toBe(
        'ValueError: argument 1["pixels"]: pixels of arrays.Plain is "x"; it must be an array of NumPy, or a list of numbers: NdArray',
      );
      expect(await called('desk.plain({"pixels": [[1], [2, 3]]})')).toMatch(/\["pixels"\]: pixels of arrays.Plain: /);
      expect(await called('desk.plain({"pixels": [1], "wave": ["a"]})')).toMatch(/\["wave"\]: wave of arrays.Plain: /);
      expect(await called('desk.frame(lab.to_wire(frame(mask={"a": 1})))')).toMatch(
        /mask of arrays.Frame is .*; it must be an array/,
      );
      expect(await called('desk.frame(lab.to_wire(frame(meta={"dark": np.zeros(1), "times": "x"})))')).toMatch(/times/);
      expect(await called('desk.frame(lab.to_wire(frame(name="much too long a name")))')).toMatch(/name must be shorter/);
    });

    it('arrays in members travel to an object of Python and from it', async () => {
      const camera: RemoteObject = PyroProxy.to(pythonUri, { serializer, maxRetries: 0 });
      const frame = (await camera.take!()) as Frame;
      expect(frame).toBeInstanceOf(Frame);
      expect([frame.pixels, frame.mask, frame.wave, frame.rows, frame.meta.dark].map(kindOf)).toEqual([
        'uint8[2,3]',
        'bool[2,3]',
        'Float64Array(0.5,1)',
        '(int32[2] float64[0,2])',
        'int64[]',
      ]);
      if (serializer !== 'marshal')
        expect(await camera.check!(frame)).toEqual([
          'Frame',
          'uint8',
          [
            [0, 1, 2],
            [3, 4, 5],
          ],
          [[2], [0, 2]],
          7,
        ]);
      await camera.$release();
    });
  },
);
