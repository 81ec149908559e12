import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ProjectSignatures, readProjectSignatures } from '../../../lib/command-line/pyi/class-signatures.js';
import { openProject } from '../../../lib/command-line/pyi/project.js';
import { writeStub } from '../../../lib/command-line/pyi/stub-writer.js';
import { pythonClasses } from '../../../lib/command-line/python/printed-classes.js';
import { descriptionOf } from '../../../lib/classes/register-class.js';
import { registerClass } from '../../../lib/core.js';
import type { MethodSignature, ObjectSignatures, ParameterSignature } from '../../../lib/daemon/contract/signatures.js';
import { runProgram } from '../../command-line-program.js';
import { ensurePythonEnv } from '../python-env.js';
import { PythonInterpreter } from '../python-interpreter.js';

const SOURCE = `
import { Exclude, Expose } from 'class-transformer';
import { IsEnum, IsInt, IsOptional, IsString } from 'class-validator';
import { PyroClass, PyroController, PyroKwargs, PyroMethod, PyroProperty, registerEnum } from 'nestjs-pyro';

@PyroController() export class Mixed {
  @PyroMethod() heat(celsius: number, minutes = 5, pause?: number): string { return String(celsius + minutes + (pause ?? 0)); }
  @PyroMethod({ params: ['a?', 'b'] }) given(a: number, b: number): void { void [a, b]; }
  @PyroMethod() unnamed(a = 1, { b }: { b: number }): void { void [a, b]; }
  @PyroMethod() rest(a = 1, b: string, ...more: number[]): void { void [a, b, more]; }
}
@PyroController({ naming: 'snake_case' }) export class SameName {
  @PyroMethod() twice(fooBar: number, foo_bar: string): void { void [fooBar, foo_bar]; }
}

@PyroClass('stage.Position', { fields: { x: 'float' } }) export class StagePosition { x!: number; }
@PyroClass('laser.Position', { fields: { nm: 'float' } }) export class LaserPosition { nm!: number; }
@PyroClass('lab.Sequence', { fields: { name: 'str' } }) export class Sequence { name!: string; }
@PyroClass('lab.next', { fields: { at: 'float' } }) export class next { at!: number; }
@PyroController() export class Mover {
  @PyroMethod() laser(to: LaserPosition): LaserPosition { return to; }
  @PyroMethod() stage(to: StagePosition): StagePosition { return to; }
  @PyroMethod() run(steps: Sequence[], then: next): Sequence { void then; return steps[0]!; }
}

@PyroController() export class Clock {
  @PyroMethod() time(): string { return ''; }
  @PyroMethod() date(at: Date): string { return String(at); }
}

export enum Gas { Air = 'air', Argon = 'argon' }
registerEnum(Gas, 'lab.Gas');
@PyroController() export class Valve {
  @PyroMethod() open(gas: Gas, others: Gas[] = []): Gas { return others[0] ?? gas; }
  @PyroMethod() mean(values: Float64Array, weights?: Uint16Array): number { return values.length + (weights?.length ?? 0); }
}

@PyroClass('lab.User') export class User {
  @IsString() @Expose({ name: 'first_name' }) firstName!: string;
  @IsString() @Exclude() secret!: string;
  @IsOptional() @IsString() @Exclude({ toPlainOnly: true }) password?: string;
}
export interface Scan { values: number[]; at?: Date; range: [number, number]; tags: Set<number>; of: Map<string, number[]>; inner?: Scan }
export interface Named { name: string; gains: Record<string, number> }
export interface Flat { name: string; more?: Flat | null }
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
@PyroController() export class Scanner {
  @PyroMethod() run(scan: Scan, ...more: Scan[]): Scan { return more[0] ?? scan; }
  @PyroMethod() name(of: Named, flat: Flat): Flat { void of; return flat; }
  @PyroMethod() store(value: Json): Json { return value; }
  @PyroMethod() set(range: [number, number], tags: Set<number>): void { void [range, tags]; }
  @PyroMethod() search(@PyroKwargs() options: { limits?: number[] }): void { void options; }
}

@PyroController() export class Safe {
  private key = '';
  /** The new key. */
  @PyroProperty() set secret(key: string) { this.key = key; }
  @PyroMethod() size(): number { return this.key.length; }
}

@PyroController() export class Users { @PyroMethod() add(user: User): User { return user; } }

export class Step {
  celsius!: number;
  minutes = 5;
  #hidden = 1;
  accessor stored = 2;
  get twice(): number { return 2 * this.celsius + this.#hidden; }
  set unit(of: string) { void of; }
  rest(): void {}
  pause?(): void;
}
export interface Told { get celsius(): number; readonly minutes: number }
@PyroController() export class Steps {
  @PyroMethod() run(step: Step): Step { return step; }
  @PyroMethod() change(part: Partial<Step>, celsius: Pick<Step, 'celsius'>): Required<Omit<Step, 'celsius'>> { void celsius; return part as Step; }
  @PyroMethod() told(of: Told): Told { return of; }
}

export enum Access { Read = 1, Write = 2, Run = 1 << 2, All = Read | Write | Run }
export enum Binning { One = 1, Two = 2, Three = 3, Four = 4 }
export enum Ports { None, A, B, C = 4 }
@PyroController() export class Doors {
  @PyroMethod() open(access: Access, binning: Binning, ports: Ports): Access { void [binning, ports]; return access; }
}

export abstract class Setting<T> {
  protected value!: T;
  @PyroProperty() get first(): T { return this.value; }
  set first(value: T) { this.value = value; }
}
@PyroController() export class Settings extends Setting<Date[]> {
  private at = new Date(0);
  @PyroProperty() get since(): Date { return this.at; }
  set since(at: Date | number) { this.at = new Date(at); }
  @PyroProperty() get step(): Scan { throw new Error('none'); }
  set step(scan: Scan) { void scan; }
  @PyroProperty() set next(at: Date) { this.at = at; }
  @PyroProperty() get level(): number { return 1; }
  set level(level: number) { void level; }
}

@PyroClass('lab.Flow') export class Flow {
  @IsInt({ each: true }) counts!: number[];
  @IsEnum(Gas) gas!: Gas;
  @IsOptional() @IsEnum(Gas, { each: true }) others?: Gas[];
  @IsOptional() @IsEnum(Access) access?: Access;
}
@PyroController() export class Flows { @PyroMethod() set(flow: Flow): Flow { return flow; } }
`;

let python: PythonInterpreter;
let directory: string;
let book: ProjectSignatures;
beforeAll(async () => {
  [python, directory] = await Promise.all([PythonInterpreter.start(), mkdtemp(join(tmpdir(), 'stubs-'))]);
  const root = join(import.meta.dirname, '../../..');
  const compilerOptions = {
    strict: true,
    experimentalDecorators: true,
    target: 'es2023',
    module: 'nodenext',
    paths: { 'nestjs-pyro': [join(root, 'lib/index.ts')], '*': [join(root, 'node_modules/*')] },
    typeRoots: [join(root, 'node_modules/@types')],
  };
  await Promise.all([
    writeFile(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['objects.ts'] })),
    writeFile(join(directory, 'package.json'), '{ "type": "module" }'),
    writeFile(join(directory, 'objects.ts'), SOURCE),
    writeFile(
      join(directory, 'mypy.ini'),
      '[mypy]\nstrict = True\n\n[mypy-Pyro5.*]\nignore_missing_imports = True\n\n[mypy-mover_classes]\nignore_errors = True\n',
    ),
  ]);
  book = readProjectSignatures(openProject(ts, join(directory, 'tsconfig.json')), undefined);
}, 300_000);
afterAll(async () => {
  python.stop();
  await rm(directory, { recursive: true });
});

/** Writes the stub of some classes as `NAME.pyi`. */
async function stub(name: string, classes: readonly string[], module?: string): Promise<string> {
  const printed = module === undefined ? undefined : { module, names: book.printedNames };
  const text = writeStub({ classes: Object.fromEntries(classes.map((each) => [each, book.classes[each]!])) }, printed);
  await writeFile(join(directory, `${name}.pyi`), text);
  return text;
}

/** Checks a Python file with mypy. @returns the lines that mypy refuses, as they stand in the file */
async function refusedLines(name: string, text: string): Promise<string[]> {
  await writeFile(join(directory, `${name}.py`), text);
  const args = ['-m', 'mypy', '--config-file', join(directory, 'mypy.ini'), join(directory, `${name}.py`)];
  const { stdout } = await runProgram(await ensurePythonEnv(), args, {
    env: { MYPY_CACHE_DIR: join(directory, 'cache'), MYPYPATH: directory },
  });
  const errors = [...stdout.matchAll(/^(.*\.pyi?):(\d+): error: .*$/gm)];
  const elsewhere = errors.filter(([, file]) => !file!.endsWith(`${name}.py`)).map(([line]) => line);
  const lines = text.split('\n');
  return [
    ...elsewhere,
    ...new Set(errors.filter(([, file]) => file!.endsWith(`${name}.py`)).map(([, , at]) => lines[Number(at) - 1]!)),
  ];
}

/** Expects that mypy refuses just the lines of a file that end with `# refused`. */
async function expectRefused(name: string, text: string): Promise<void> {
  expect(await refusedLines(name, text)).toEqual(text.split('\n').filter((line) => line.endsWith('# refused')));
}

const names = fc.constantFrom(
  'a',
  'b',
  'self',
  'lambda',
  'Any',
  'overload',
  'list',
  'time',
  'argument1',
  'argument2_',
  '$x',
  'ﬁ',
  '__a',
);
const typeTexts = fc.constantFrom(
  'Any',
  'str',
  'list[float]',
  'datetime | str',
  "Literal['a', \"it's\"]",
  'Thing',
  'Sequence[Gas]',
  'None',
);
const docs = fc.option(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('"', '\\', '"""', 'a\n"""\\', "'''")), {
  nil: undefined,
});

const parameters = fc.array(
  fc.record<ParameterSignature>({
    name: fc.option(names),
    kind: fc.constantFrom('positional-only', 'positional', 'varargs', 'keyword', 'kwargs'),
    required: fc.boolean(),
    type: typeTexts,
  }),
  { maxLength: 6 },
);
const methods = fc.dictionary(
  names,
  fc.record<MethodSignature>({
    parameters: fc.option(parameters),
    returns: typeTexts,
    doc: docs as fc.Arbitrary<string>,
    oneway: fc.boolean(),
    stream: fc.boolean(),
  }),
);
const fields = fc.dictionary(names, fc.record({ type: typeTexts, required: fc.boolean(), doc: docs as fc.Arbitrary<string> }));
const objects = fc.record<ObjectSignatures>({
  class: fc.constantFrom('Oven', 'None_', 'größe'),
  doc: docs as fc.Arbitrary<string>,
  methods,
  attributes: fc.dictionary(names, fc.record({ type: typeTexts, readable: fc.boolean(), writable: fc.boolean() })),
  types: fc.record({
    Thing: fc.record({ fields }),
    Gas: fc.record({
      alias: fc.constant("Literal['air', 'argon']"),
      class: fc.constant('lab.Gas'),
      members: fc.dictionary(
        // Python may know fewer letters than Node
        fc.oneof(names, fc.string({ unit: 'grapheme-ascii' })),
        fc.oneof(fc.string({ unit: 'binary' }), fc.integer()),
      ),
    }),
    Point: fc.record({
      fields,
      class: fc.constant('lab.Point'),
      style: fc.constantFrom('dataclass', 'namedtuple', 'attrs', 'pydantic'),
    }),
  }),
});

describe('nestjs-pyro pyi', { timeout: 300_000 }, () => {
  it('pyi writes stubs that Python reads for any parameters, names and docs', async () => {
    const texts = fc.sample(objects, 500).map((each) => writeStub({ classes: { Oven: each } }));
    expect(
      await python.run(
        `
        unread = []
        for text in texts:
            try:
                compile(text.encode("utf-8", "replace"), "stub", "exec", dont_inherit=True)
            except (SyntaxError, ValueError) as error:
                unread.append([str(error), text])
        return unread[:3]`,
        { texts },
      ),
    ).toEqual([]);
  });

  it('pyi tells the calls of a method whose required parameter stands after an optional parameter', async () => {
    await stub('mixed', ['Mixed', 'SameName']);
    await expectRefused(
      'mixed_calls',
      `from mixed import Mixed, SameName

def calls(o: Mixed, s: SameName) -> None:
    o.heat(1, pause=3)
    o.heat(celsius=1, minutes=2, pause=3)
    o.heat(1, 2, 3).upper()
    o.heat(1)  # refused
    o.heat(1, 2)  # refused
    o.heat(1, pause="x")  # refused
    o.given(b=1)
    o.given(1, 2)
    o.given(1)  # refused
    o.unnamed(1, {"b": 2})
    o.unnamed(a=1)  # refused
    o.rest(b="x")
    o.rest(1, "x", 3, 4)
    o.rest("x")  # refused
    s.twice(1, "x")
    s.twice(1, 2)  # refused
`,
    );
  });

  it('pyi --classes names classes as the printed module does, when two have the same name and when a name is taken', async () => {
    const descriptions = [StagePosition, LaserPosition, Sequence, Next].map((each) => descriptionOf(each)!);
    const module = pythonClasses({ classes: descriptions, enums: [] }, { style: 'dataclass' });
    await writeFile(join(directory, 'mover_classes.py'), module);
    const text = await stub('mover', ['Mover'], 'mover_classes');
    expect(text).toContain('from mover_classes import Sequence as Sequence_, laser_Position, next_, stage_Position\n');
    await expectRefused(
      'mover_calls',
      `import mover_classes as c
from mover import Mover

def calls(o: Mover) -> None:
    o.laser(c.laser_Position(nm=1.0)).nm
    o.stage(c.stage_Position(x=1.0)).x
    o.laser(c.stage_Position(x=1.0))  # refused
    o.run([c.Sequence("a")], c.next_(1.0)).name
`,
    );
  });

  it('pyi writes a stub that mypy accepts when methods have the names of imported types', async () => {
    await stub('clock', ['Clock']);
    await expectRefused(
      'clock_calls',
      `from datetime import datetime
from clock import Clock

def calls(o: Clock) -> str:
    o.date(1)  # refused
    return o.time() + o.date(datetime.now())
`,
    );
  });

  it('pyi lets arguments be arrays of NumPy where the parameter is a typed array, and members of a registered Enum', async () => {
    await stub('valve', ['Valve']);
    await expectRefused(
      'valve_calls',
      `import numpy
from valve import Gas, Valve

def calls(o: Valve) -> None:
    o.mean(numpy.zeros(3, "f4"), numpy.zeros((2, 2), "u2"))
    o.mean([1, 2.5], (1, 2))
    o.mean("x")  # refused
    o.mean(1)  # refused
    o.open(Gas.Air, [Gas.Argon, "air"])
    o.open("air").upper()
    o.open("oxygen")  # refused
`,
    );
  });

  it('pyi gives DTOs that are arguments types of their own, which take what Nest takes', async () => {
    const text = await stub('scanner', ['Scanner']);
    expect(text.match(/^class \w+\(TypedDict\)|^\w+: TypeAlias/gm)).toEqual([
      'class Flat(TypedDict)',
      'Json: TypeAlias',
      'JsonArgument: TypeAlias',
      'class Named(TypedDict)',
      'class Scan(TypedDict)',
      'class ScanArgument(TypedDict)',
      'class ScannerSearchOptions(TypedDict)',
    ]);
    await expectRefused(
      'scanner_calls',
      `from collections import OrderedDict
from datetime import datetime
from typing import NotRequired, TypedDict, assert_type
from scanner import Flat, Json, Scan, ScanArgument, Scanner

class Mine(TypedDict):
    values: list[int]
    range: tuple[int, int]
    tags: frozenset[int]
    of: dict[str, list[int]]
    at: datetime
    inner: NotRequired["Mine"]

def calls(o: Scanner, mine: Mine, whole: list[int], by_name: dict[str, int], of: OrderedDict[str, list[int]]) -> None:
    o.run({"values": whole, "at": datetime.now(), "range": (1, 2), "tags": {1}, "of": of})
    o.run({"values": (1, 2), "at": "2026-01-31", "range": [1, 2], "tags": frozenset([1]), "of": {"a": (1,)}}, mine)
    given: ScanArgument = {"values": whole, "range": (1, 2), "tags": {1}, "of": of, "inner": mine}
    scan = o.run(given, mine)
    assert_type(scan, Scan)
    assert_type(scan["values"], list[float])
    assert_type(scan["range"], list[float])
    o.run(o.run(scan))
    o.name({"name": "a", "gains": by_name}, o.name({"name": "a", "gains": {}}, {"name": "b"}))
    flat: Flat = {"name": "a", "more": {"name": "b"}}
    flat["name"] = "c"
    o.store(whole)
    o.store({"a": whole, "b": (1, None)})
    o.store(o.store(by_name))
    o.set((1, 2), {1, 2})
    o.set([1, 2], frozenset(whole))
    o.search(limits=whole)
    o.run({"values": whole, "range": (1, 2), "tags": {1}})  # refused
    o.run({"values": ["a"], "range": (1, 2), "tags": {1}, "of": {}})  # refused
    o.run({"values": [1], "range": (1, 2, 3), "tags": {1}, "of": {}})  # refused
    o.run({"values": [1], "range": (1, 2), "tags": [1], "of": {}})  # refused
    o.run({"values": [1], "at": 5, "range": (1, 2), "tags": {1}, "of": {}})  # refused
    o.name({"name": "a", "gains": {"b": "c"}}, {"name": "b"})  # refused
    o.store(datetime.now())  # refused
    o.set((1, "2"), {1})  # refused
    o.search(limits=["a"])  # refused
    result: Json = o.store(1)
    result.append(1)  # refused
`,
    );
    await writeFile(join(directory, 'scanner_module.py'), text);
    expect(
      await python.run(
        `
        import sys
        sys.path.insert(0, directory)
        import scanner_module
        return sorted(scanner_module.ScanArgument.__annotations__)`,
        { directory },
      ),
    ).toEqual(['at', 'inner', 'of', 'range', 'tags', 'values']);
  });

  it('pyi lets an attribute that has only a setter be written, and not read', async () => {
    expect(await stub('safe', ['Safe'])).toContain('The new key.\n\n        It can be written, and not read.\n');
    await expectRefused(
      'safe_calls',
      `from safe import Safe

def calls(o: Safe) -> float:
    o.secret = "x"
    o.secret = 1  # refused
    o.secret + "y"  # refused
    key: str = o.secret  # refused
    return o.size()
`,
    );
  });

  it('pyi writes the members of a class by their names on the wire, without members that do not travel', async () => {
    expect(await stub('users', ['Users'])).toContain('class User:\n    first_name: str\n    password: str | None = None\n\n');
  });

  it('pyi gives DTOs no private fields, no accessors and no methods, in mapped types neither', async () => {
    await stub('steps', ['Steps']);
    await expectRefused(
      'steps_calls',
      `from steps import Steps

def calls(o: Steps) -> None:
    step = o.run({"celsius": 1, "minutes": 2})
    o.run(step)
    o.change({"minutes": 2}, {"celsius": 1})["minutes"] + 1
    o.change({}, {"celsius": 1})
    o.told({"celsius": 1, "minutes": 2})["celsius"] + 1
    o.run({"celsius": 1, "minutes": 2, "twice": 2})  # refused
    o.run({"celsius": 1, "minutes": 2, "#hidden": 2})  # refused
    o.change({"stored": 2}, {"celsius": 1})  # refused
    o.change({"rest": None}, {"celsius": 1})  # refused
    step["twice"]  # refused
    step["unit"]  # refused
    step["pause"]  # refused
`,
    );
  });

  it('pyi takes combined members of an enum of bits, and only members of other enums', async () => {
    await stub('doors', ['Doors']);
    await expectRefused(
      'doors_calls',
      `from doors import Doors

def calls(o: Doors) -> int:
    o.open(5, 4, 3)
    o.open(1, 6, 0)  # refused
    return o.open(o.open(7, 1, 6), 2, 1)
`,
    );
  });

  it('pyi lets an attribute be set to what its setter takes, where that is more than its getter gives', async () => {
    await stub('settings', ['Settings', 'Scanner']);
    await expectRefused(
      'settings_calls',
      `from datetime import datetime
from typing import assert_type
from settings import Scan, Settings

def calls(o: Settings, at: datetime) -> None:
    o.since = at
    o.since = 5
    o.since = o.since
    assert_type(o.since, str)
    o.step = {"values": (1, 2), "at": at, "range": (1, 2), "tags": frozenset([1]), "of": {}}
    assert_type(o.step, Scan)
    o.first = (at, "2026-01-31")
    assert_type(o.first, list[str])
    o.next = at
    o.level = 2
    o.since = None  # refused
    o.step = {"values": 1}  # refused
    o.first = [1]  # refused
    o.next = 1  # refused
    o.level = "1"  # refused
`,
    );
    expect(book.classes['Settings']!.attributes['since']).toEqual({
      type: 'str',
      setType: 'datetime | float | str',
      readable: true,
      writable: true,
    });
    expect(book.classes['Settings']!.attributes['level']).toEqual({ type: 'float', readable: true, writable: true });
  });

  it('pyi gives members with @IsEnum the registered Enum, and lists of them and of ints with each', async () => {
    await stub('flows', ['Flows']);
    await expectRefused(
      'flows_calls',
      `from flows import Flow, Flows, Gas

def calls(o: Flows) -> None:
    flow = Flow(counts=[1], gas=Gas.Air, others=[Gas.Argon], access=5)
    o.set(flow).gas.name.upper()
    Flow(counts=1, gas=Gas.Air)  # refused
    Flow(counts=[], gas="air")  # refused
    Flow(counts=[], gas=Gas.Air, others=Gas.Air)  # refused
`,
    );
  });
});

class StagePosition {
  x!: number;
}
class LaserPosition {
  nm!: number;
}
class Sequence {
  name!: string;
}
class Next {
  at!: number;
}
registerClass(StagePosition, { name: 'stage.Position', fields: { x: 'float' } });
registerClass(LaserPosition, { name: 'laser.Position', fields: { nm: 'float' } });
registerClass(Sequence, { name: 'lab.Sequence', fields: { name: 'str' } });
registerClass(Next, { name: 'lab.next', fields: { at: 'float' } });
