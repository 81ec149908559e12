import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERIALIZER_IDS, type SerializerName } from '../../../lib/core.js';
import type { ValueMode } from '../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { CommandLineProgram } from '../../command-line-program.js';
import { PythonInterpreter } from '../python-interpreter.js';
import * as lab from './lab-classes.js';

const STYLES = ['dataclass', 'namedtuple', 'pydantic', 'attrs'];
const NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];

let program: CommandLineProgram;
let python: PythonInterpreter;
let directory: string;
let compiled: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'printed-classes-'));
  compiled = join(directory, 'lab-classes.mjs');
  await build({
    entryPoints: ['test/interop/classes/lab-classes.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: compiled,
    banner: { js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);" },
  });
  await writeFile(join(directory, 'nothing.mjs'), 'export const nothing = 1;');
  await build({
    stdin: {
      contents: `
        import { z } from 'zod';
        import { registerClass } from './lib/core.js';
        registerClass(class Zoddy {}, { name: 'lab.Zoddy', schema: z.object({ a: z.number() }) });`,
      resolveDir: '.',
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: join(directory, 'schema-only.mjs'),
    banner: { js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);" },
  });
  program = await CommandLineProgram.make();
  python = await PythonInterpreter.start();
  await python.run('import sys, base64\nsys.path.insert(0, directory)', { directory });
}, 300_000);
afterAll(async () => {
  python?.stop();
  await program?.remove();
  await rm(directory, { recursive: true, force: true });
});

describe.each(STYLES)('nestjs-pyro python classes --style %s', (style) => {
  const module = `printed_${style}`;

  it('python classes prints a module that Python imports, and whose objects come back from here as they were', async () => {
    const { code, stdout, stderr } = await program.run('python', 'classes', compiled, '--style', style);
    expect([code, stderr]).toEqual([0, '']);
    await writeFile(join(directory, `${module}.py`), stdout);
    for (const serializer of NAMES) {
      for (const values of ['natural', 'faithful'] satisfies ValueMode[]) {
        const here = createSerializers({ values }).get(SERIALIZER_IDS[serializer])!;
        const written = await python.run<[string, string][]>(WRITE, { module, serializer });
        const answers = written.map(([kind, data]) => {
          const value = here.loads(Buffer.from(data, 'base64')) as object;
          expect(value).toBeInstanceOf((lab as Record<string, unknown>)[kind]);
          return here.dumps(value).toString('base64');
        });
        const differing = await python.run(READ, { module, serializer, answers });
        expect(differing, `${serializer}, ${values}`).toEqual([]);
      }
    }
  });
});

describe('nestjs-pyro python classes', () => {
  it('python classes --import prints the lines for Pyro5 only', async () => {
    const { stdout } = await program.run('python', 'classes', compiled, '--import', 'lab.models');
    expect(stdout).toContain('from lab.models import Colour, Point, Size, Reading, Sample, Line, Visit, Point3, DoorError');
    expect(stdout).toContain(`    ${lab.Paint.name}: ("lab.Paint", {`);
    expect(stdout).not.toContain('@dataclass');
  });

  it('python classes prints only the module where the application prints, too, and ends where the application stays open', async () => {
    const open = join(directory, 'open.mjs');
    await writeFile(
      open,
      `import './lab-classes.mjs'; console.log('injecting env'); process.stdout.write('hello'); setInterval(() => console.log('tick'), 1);`,
    );
    const plain = await program.run('python', 'classes', compiled);
    const { code, stdout, stderr } = await program.run('python', 'classes', open);
    expect({ code, stdout }).toEqual({ code: 0, stdout: plain.stdout });
    expect(stderr).toContain('injecting env\nhello');
    const file = join(directory, 'checked.py');
    expect(await program.run('python', 'classes', open, '-o', file)).toMatchObject({ code: 0, stdout: '' });
    expect(await program.run('python', 'classes', open, '-o', file, '--check')).toMatchObject({ code: 0, stdout: '' });
    await writeFile(file, plain.stdout.replace('class Point', 'class Place'));
    expect(await program.run('python', 'classes', open, '-o', file, '--check')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('+ class Point') as string,
    });
  });

  it('python classes prints nothing for a class whose members only a schema knows, and asks for its fields', async () => {
    for (const options of [[], ['--import', 'lab.models']]) {
      expect(await program.run('python', 'classes', join(directory, 'schema-only.mjs'), ...options)).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining(
          'the members of lab.Zoddy are known to a schema only; give fields beside the schema',
        ) as string,
      });
    }
  }, 120_000);

  it('python classes says what to do when a module registers no class, or cannot be imported', async () => {
    const nothing = join(directory, 'nothing.mjs');
    expect(await program.run('python', 'classes', nothing)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no class is registered after') as string,
    });
    expect(await program.run('python', 'classes', 'src/app.module.ts')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('give a compiled module') as string,
    });
  });
});

const VALUES = `
    import base64, importlib
    from datetime import datetime, date, time, timedelta, timezone
    from decimal import Decimal
    from pathlib import Path
    from uuid import UUID
    lab = importlib.import_module(module)
    point = lab.Point(x=1.0, y=2.0, unit="cm")
    values = [
        point, lab.Point3(x=1.0, y=2.0, unit="mm", z=3.0), lab.Size(width=1, height=2), lab.Reading(sensor="t1", value=5),
        lab.Sample(code="A1", masses=[1.0, 2.0]), lab.Sample(code="A1", masses=[1.0, 2.0], note="dry"),
        lab.Line(start=point, end=point, through=[point, point], colour=lab.Colour.Green),
        lab.Visit(
            at=datetime(2026, 1, 31, 10, 20, 30, 500000, timezone.utc), day=date(2026, 1, 31), noon=time(12, 30),
            took=timedelta(days=1, milliseconds=5), cost=Decimal("1.10"), id=UUID(int=5), file=Path("/data/a"), count=2**70,
            isDone=True, colours=[lab.Colour.Red, lab.Colour.Green], more={"points": [point], "n": None}),
        lab.Paint(colour=lab.Colour.Red, others=[lab.Colour.Green, lab.Colour.Red], layers=[1, 2], base=lab.Colour.Green),
    ]
`;

const WRITE = `${VALUES}
    def dumped(value):
        # a namedtuple is a tuple for these: Pyro5 does not ask for its dict
        value = lab.to_wire(value) if isinstance(value, tuple) and serializer != "serpent" else value
        return base64.b64encode(serializers[serializer].dumps(value)).decode()
    return [[type(value).__name__, dumped(value)] for value in values]
`;

const READ = `${VALUES}
    read = [serializers[serializer].loads(base64.b64decode(answer)) for answer in answers]
    return [[repr(one), repr(other)] for one, other in zip(read, values) if one != other or repr(one) != repr(other)]
`;
