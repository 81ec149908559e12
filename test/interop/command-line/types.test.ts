import { copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expose, PyroDaemon } from '../../../lib/core.js';
import { CommandLineProgram, type Outcome, runProgram } from '../../command-line-program.js';
import { ensurePythonEnv } from '../python-env.js';
import { PythonInterpreter } from '../python-interpreter.js';

const GENERATED = 'test/interop/command-line/generated';
const SOURCE = join(GENERATED, 'camera.py');
const PROJECT = join(GENERATED, 'lab', 'tsconfig.json');

let python: PythonInterpreter;
let program: CommandLineProgram;
let directory: string;
beforeAll(async () => {
  [python, program, directory] = await Promise.all([
    PythonInterpreter.start(),
    CommandLineProgram.make(),
    mkdtemp(join(tmpdir(), 'types-')),
  ]);
});
afterAll(async () => {
  python.stop();
  await Promise.all([program.remove(), rm(directory, { recursive: true })]);
});

const run = (...args: string[]): Promise<Outcome> => program.run(...args);
const generated = (name: string): Promise<string> => readFile(join(GENERATED, name), 'utf8');
/** Gives the output of a command, which must succeed. */
const printed = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await run(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
};

/** Serves an object with real Pyro5, whose daemon has the printed Python file. @returns its URI */
async function serveWithSignatures(definition: string): Promise<string> {
  const file = await printed('python', 'signatures');
  return python.run<string>(
    `
    namespace = {"__name__": "signatures"}
    exec(compile(file, "signatures.py", "exec"), namespace)
    state.remote_help = namespace["remote_help"]
    import sys, types
    # dataclasses look their module up
    sys.modules["served"] = types.ModuleType("served")
    classes = vars(sys.modules["served"])
    exec(definition, classes)
    state.signing = Pyro5.api.Daemon(host="127.0.0.1", interface=namespace["SignaturesDaemonObject"])
    uri = state.signing.register(classes["Camera"], "lab.camera")
    threading.Thread(target=state.signing.requestLoop, daemon=True).start()
    return str(uri)`,
    { file, definition },
  );
}

const SERVED_CAMERA = `
from typing import Iterator, Optional
import Pyro5.api

@Pyro5.api.expose
class Camera:
    """A camera."""
    @property
    def gain(self) -> float:
        """The gain."""
    @gain.setter
    def gain(self, value): pass
    @property
    def serial(self) -> str: pass
    def take(self, seconds: float, binning: int = 1, *, roi: Optional[list[int]] = None, **options: str) -> bytes:
        """Takes a picture.

        Slowly.
        """
    def frames(self, count: "int", /) -> Iterator[dict]:
        yield {}
    @Pyro5.api.oneway
    def note(self, *lines): pass
    @staticmethod
    def version(): pass
    @classmethod
    def kind(cls, of: int): pass
`;

describe('nestjs-pyro types', () => {
  it('types writes the interfaces of a Python source, which is not run', async () => {
    expect(await printed('types', '--source', SOURCE)).toBe(await generated('camera.ts'));
  });

  it('types writes the interface of a live object with names only, where its daemon tells no signatures', async () => {
    const uri = await python.run<string>(`
      @expose
      class Lamp:
          def switch(self, on): pass
          @property
          def level(self): pass
          @Pyro5.api.oneway
          def note(self, text): pass
      state.plain = Pyro5.api.Daemon(host="127.0.0.1")
      uri = state.plain.register(Lamp, "lab.lamp")
      threading.Thread(target=state.plain.requestLoop, daemon=True).start()
      return str(uri)`);
    const { code, stdout, stderr } = await run('types', uri);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^The daemon of PYRO:lab.lamp@.* tells no signatures: only the names of members are known/);
    expect(stdout).toBe(
      '// Written by `nestjs-pyro types`: run it again instead of changing this file.\n\n' +
        'export interface Lamp {\n  level: unknown;\n  /** Oneway: nobody waits for its end. */\n' +
        '  note(...args: unknown[]): void;\n  switch(...args: unknown[]): unknown;\n}\n',
    );
  });

  it('types writes the signatures and docs of a live object whose Python daemon has the printed file', async () => {
    const uri = await serveWithSignatures(SERVED_CAMERA);
    expect(await printed('types', `Kamera=${uri}`, uri)).toBe(
      ['Camera', 'Kamera']
        .map(
          (name) => `
/** A camera. */
export interface ${name} {
  /** The gain. */
  gain: number;
  readonly serial: string;
  frames(count: number | bigint): AsyncIterable<Record<string, unknown>>;
  kind(of: number | bigint): unknown;
  /** Oneway: nobody waits for its end. */
  note(...lines: unknown[]): void;
  /**
   * Takes a picture.
   *
   * Slowly.
   */
  take(seconds: number, binning?: number | bigint, keywords?: KeywordArguments<{ seconds?: number; binning?: number | bigint; roi?: readonly (number | bigint)[] | null; [options: string]: string | number | bigint | readonly (number | bigint)[] | null | undefined }>): Buffer;
  version(): unknown;
}
`,
        )
        .reduce(
          (text, each) => text + each,
          '// Written by `nestjs-pyro types`: run it again instead of changing this file.\n' +
            "import type { KeywordArguments } from 'nestjs-pyro';\n",
        ),
    );
  });

  it('types writes the parameters of a cached method, of one that takes self among all arguments, and of one without self', async () => {
    const uri = await serveWithSignatures(`
import functools
import Pyro5.api

@Pyro5.api.expose
class Camera:
    @functools.lru_cache(maxsize=8)
    def cached(self, gain: float) -> str: pass
    def any(*args: str): pass
    def without_self(): pass
`);
    const text = await printed('types', uri);
    expect(text).toContain('  any(...args: string[]): unknown;\n  cached(gain: number): string;\n  without_self(): unknown;\n');
  });

  it('types writes the records, enums and named tuples that a live object of Python names, nested ones too', async () => {
    const uri = await serveWithSignatures(`
from dataclasses import dataclass, field
from enum import Enum, Flag, IntEnum, IntFlag
from typing import Callable, Literal, NamedTuple, Optional, TypedDict
import attrs, Pyro5.api, pydantic

class Gas(Enum):
    AIR = "air"
    ARGON = "it's"
class Level(IntEnum):
    LOW = 0
class Mixed(Enum):
    A = None
class Access(IntFlag):
    READ = 1
    WRITE = 2
class Ports(Flag):
    A = 1
class Box(NamedTuple):
    corner: "tuple[float, float]"
    level: Level
class Meta(TypedDict, total=False):
    seconds: float
@dataclass
class Frame:
    """One picture."""
    data: bytes
    gas: Gas = Gas.AIR
    next: "Optional[Frame]" = None
    boxes: list[Box] = field(default_factory=list)
@attrs.define
class Dark(object):
    meta: Meta
class Model(pydantic.BaseModel):
    mixed: Mixed
@Pyro5.api.expose
class Camera:
    def take(self, dark: Dark, on: Callable[[Model], None]) -> dict[str, Frame]: pass
    def unknown(self, of: "Missing"): pass
    def ports(self, access: Access) -> Ports: pass
    @property
    def model(self) -> Model | None: pass
`);
    const text = await printed('types', uri);
    expect(text.slice(text.indexOf('export type Box'))).toBe(`export type Box = [[number, number], Level];

export interface Dark {
  meta: Meta;
}

/** One picture. */
export interface Frame {
  boxes: Box[];
  data: Buffer;
  gas: Gas;
  next: Frame | null;
}

export type Gas = 'air' | "it's";

export type Level = 0;

export interface Meta {
  seconds?: number;
}

export type Mixed = unknown;

export interface Model {
  mixed: Mixed;
}

export type Ports = number;
`);
    expect(text).toContain('export type Access = number;\n\nexport type Box =');
    expect(text).toContain('  readonly model: Model | null;\n');
    expect(text).toContain('  take(dark: Dark, on: unknown): Record<string, Frame>;\n');
  });

  it('types finds the class of a live object in its source, by its members or by name, and tells what differs', async () => {
    const file = join(directory, 'lamps.py');
    const lamp = (name: string, rest = ''): string =>
      `@expose\nclass ${name}:\n    def switch(self, on: bool) -> int: pass\n    def off(self): pass\n${rest}`;
    await writeFile(file, `${lamp('Lamp')}${lamp('Bulb')}${lamp('Tube', '    def flicker(self): pass\n')}`);
    const uri = await python.run<string>(`
      @expose
      class Light:
          def switch(self, on): pass
          def off(self): pass
      state.light = Pyro5.api.Daemon(host="127.0.0.1")
      uri = state.light.register(Light, "light")
      threading.Thread(target=state.light.requestLoop, daemon=True).start()
      return str(uri)`);
    const refused = async (text: string): Promise<unknown> => {
      const { code, stderr } = await run('types', text, '--source', file);
      expect(code).toBe(1);
      return stderr;
    };
    expect(await refused(uri)).toContain(`Lamp and Bulb of the source fit ${uri}: choose one, Name=URI`);
    expect(await printed('types', `Bulb=${uri}`, '--source', file)).toContain(
      'export interface Bulb {\n  off(): unknown;\n  switch(on: boolean): number;\n}\n',
    );
    expect(await refused(`Tube=${uri}`)).toContain(`the class Tube of the source is not that of ${uri}: it has flicker`);
    await writeFile(file, lamp('Lamp', '    def blink(self): pass\n'));
    expect(await refused(uri)).toContain(`no class of the source exposes just the members of ${uri}: off, switch`);
  });

  it('types finds the class of a live object whose base class is in another source, and says which source is missing', async () => {
    await writeFile(
      join(directory, 'base_device.py'),
      '@expose\nclass Device:\n    def identify(self) -> str: pass\n    @property\n    def level(self) -> int: pass\n',
    );
    const file = join(directory, 'base_server.py');
    await writeFile(file, 'from base_device import Device\n@expose\nclass Cam(Device):\n    def grab(self) -> bytes: pass\n');
    const uri = await python.run<string>(
      `
      import sys
      sys.path.insert(0, directory)
      import builtins
      builtins.expose = expose
      import base_server
      state.based = Pyro5.api.Daemon(host="127.0.0.1")
      uri = state.based.register(base_server.Cam, "cam")
      threading.Thread(target=state.based.requestLoop, daemon=True).start()
      return str(uri)`,
      { directory },
    );
    const alone = await run('types', `Cam=${uri}`, '--source', file);
    expect(alone.code).toBe(1);
    expect(alone.stderr).toMatch(
      /^Cam extends Device of base_device, which is in no --source: its exposed members are missing\n/,
    );
    expect(alone.stderr).toContain('it lacks identify, level (attribute)');
    expect(await printed('types', `Cam=${uri}`, '--source', join(directory, 'base_device.py'), '--source', file)).toContain(
      'export interface Cam {\n  readonly level: number;\n  grab(): Buffer;\n  identify(): string;\n}\n',
    );
  });

  it('types --check fails when the file would change, and says how', async () => {
    const file = join(directory, 'camera.ts');
    const check = ['types', '--source', SOURCE, '-o', file, '--check'];
    expect(await run(...check)).toMatchObject({ code: 1, stderr: expect.stringContaining(`${file} is missing`) as string });
    await copyFile(join(GENERATED, 'camera.ts'), file);
    expect(await run(...check)).toEqual({ code: 0, stdout: '', stderr: '' });
    await writeFile(file, (await generated('camera.ts')).replace('gain: number', 'gain: string'));
    const { code, stderr } = await run(...check);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `Error: ${file} is out of date:\n-   gain: string;\n+   gain: number;\nTo write it, run the same command without --check\n`,
    );
    expect(await readFile(file, 'utf8')).toContain('gain: string');
    expect((await run('types', '--source', SOURCE, '-o', file)).stderr).toBe(`wrote ${file}\n`);
    expect(await run(...check)).toMatchObject({ code: 0 });
  });

  it('types does not write over a file that it has not written, unless --force is given', async () => {
    const file = join(directory, 'mine.ts');
    await writeFile(file, 'export const mine = 1;\n');
    const write = ['types', '--source', SOURCE, '-o', file];
    expect(await run(...write)).toEqual({
      code: 2,
      stdout: '',
      stderr: `Error: ${file} was not written by nestjs-pyro types, and is left as it is; name another file, or give --force\n`,
    });
    expect(await readFile(file, 'utf8')).toBe('export const mine = 1;\n');
    expect(await run(...write, '--force')).toMatchObject({ code: 0, stderr: `wrote ${file}\n` });
  });

  it('types does not name an interface as a type of TypeScript', async () => {
    expect(await run('types', 'Map=PYRO:any@127.0.0.1:1')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'Error: Map cannot be the name of an interface: TypeScript has it\n',
    });
  });

  it('types puts nothing of a peer into the file but names and comments', async () => {
    const hostile = '}\nimport "evil"; /* */ `${evil}` \u2028 evil()';
    const daemon = await PyroDaemon.listen({
      host: '127.0.0.1',
      daemonObject: class {
        get_signatures(_objectId: string): unknown {
          const parameter = { name: hostile, kind: 'positional', required: true, type: hostile, doc: hostile };
          const method = {
            parameters: [parameter],
            returns: `Literal['${hostile}']`,
            doc: `*/ ${hostile}`,
            oneway: false,
            stream: false,
          };
          return {
            class: hostile,
            doc: `*/ ${hostile}`,
            methods: { [hostile]: method, plain: { ...method, returns: 'Evil' } },
            attributes: { "'": { type: `Literal["\\u2028'"]`, readable: true, writable: true } },
            types: { Evil: { fields: { [hostile]: { type: hostile, required: true, doc: `*/ ${hostile}` } } } },
          };
        }
        static {
          expose(this);
        }
      },
    });
    class Lamp {
      @expose
      plain(): void {}
    }
    const uri = String(daemon.register(new Lamp(), 'lamp'));
    const text = await printed('types', uri);
    await daemon.close();
    const { default: ts } = await import('typescript');
    const file = ts.createSourceFile('lamp.ts', text, ts.ScriptTarget.ES2023, true);
    expect((file as unknown as { parseDiagnostics: unknown[] }).parseDiagnostics).toEqual([]);
    expect(file.statements.map(({ kind }) => ts.SyntaxKind[kind])).toEqual(['InterfaceDeclaration', 'InterfaceDeclaration']);
  });

  it('types needs a URI or a source', async () => {
    expect(await run('types')).toMatchObject({ code: 2, stderr: expect.stringContaining('--source FILE') as string });
    expect(await run('types', '--source', '/nowhere.py')).toMatchObject({ code: 2 });
  });
});

describe('nestjs-pyro pyi', { timeout: 600_000 }, () => {
  const classes = ['Counter', 'Lamp', 'Oven'];

  it('pyi writes stubs and signatures of served classes, and of the classes whose objects they give', async () => {
    const signatures = join(directory, 'signatures.json');
    expect(await printed('pyi', ...classes, '-p', PROJECT)).toBe(await generated('lab.pyi'));
    expect((await run('pyi', ...classes, '-p', PROJECT, '--signatures', signatures)).code).toBe(0);
    expect(await readFile(signatures, 'utf8')).toBe(await generated('signatures.json'));
  });

  it('pyi --classes imports the classes with @PyroClass from the module that has them', async () => {
    const text = await printed('pyi', 'Oven', '-p', PROJECT, '--classes', 'lab_classes');
    expect(text).toContain('\nfrom lab_classes import Gas, Point, Probe, Reading, Span\n');
    expect(text).not.toContain('@dataclass');
  });

  it('pyi writes stubs with which mypy accepts right calls and refuses wrong ones', async () => {
    const place = join(directory, 'mypy');
    await cp(GENERATED, place, { recursive: true });
    const mypy = async (file: string): Promise<Outcome> =>
      runProgram(await ensurePythonEnv(), ['-m', 'mypy', '--config-file', join(place, 'mypy.ini'), join(place, file)], {
        env: { MYPY_CACHE_DIR: join(directory, 'cache') },
      });
    expect(await mypy('right_calls.py')).toMatchObject({ code: 0, stderr: '' });
    const { stdout } = await mypy('wrong_calls.py');
    const refused = [...stdout.matchAll(/wrong_calls\.py:(\d+): error/g)].map(([, line]) => Number(line));
    const lines = (await generated('wrong_calls.py')).split('\n');
    expect(refused).toEqual(lines.flatMap((line, index) => (line.endsWith('# refused') ? [index + 1] : [])));
  });

  it('pyi writes a module that Python can import, too', async () => {
    await copyFile(join(GENERATED, 'lab.pyi'), join(directory, 'lab_types.py'));
    expect(
      await python.run(
        `
        import sys, typing
        sys.path.insert(0, directory)
        import lab_types
        return [sorted(typing.get_type_hints(lab_types.Oven.load_programme)), list(typing.get_args(lab_types.GasValue))]`,
        { directory },
      ),
    ).toEqual([
      ['programme', 'return', 'slot_number'],
      ['air', 'argon'],
    ]);
  });

  it('pyi --check fails when the classes have changed since, in either file', async () => {
    const place = await mkdtemp(join(dirname(PROJECT), '..', 'drift-'));
    try {
      await cp(dirname(PROJECT), place, { recursive: true });
      const files = ['-o', join(place, 'lab.pyi'), '--signatures', join(place, 'signatures.json')];
      const project = ['-p', join(place, 'tsconfig.json')];
      await writeFile(join(place, 'signatures.json'), '{}');
      expect(await run('pyi', ...classes, ...project, ...files)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('signatures.json was not written by nestjs-pyro pyi') as string,
      });
      expect((await run('pyi', ...classes, ...project, ...files, '--force')).code).toBe(0);
      expect(await run('pyi', ...classes, ...project, ...files, '--check')).toEqual({ code: 0, stdout: '', stderr: '' });
      const counter = join(place, 'counter.ts');
      await writeFile(
        counter,
        (await readFile(counter, 'utf8')).replace('add(by = 1)', 'add(by: string)').replace('by)', 'Number(by))'),
      );
      const { code, stderr } = await run('pyi', ...classes, ...project, '-o', join(place, 'lab.pyi'), '--check');
      expect(code).toBe(1);
      expect(stderr).toContain('-     def add(self, by: float = ...) -> float:\n+     def add(self, by: str) -> float:\n');
      expect(await run('pyi', ...classes, ...project, ...files, '--check')).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('signatures.json is out of date') as string,
      });
    } finally {
      await rm(place, { recursive: true });
    }
  });

  it('pyi names the served classes when the given class is not served, and says what the class lacks', async () => {
    expect(await run('pyi', 'Oven', 'Toaster', '-p', PROJECT)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/serves no class Toaster: the served classes are Counter, .*Oven/) as string,
    });
    expect((await run('pyi', '-p', '/nowhere/tsconfig.json')).code).toBe(1);
  });

  it('pyi says so when the project does not compile', async () => {
    const place = join(directory, 'broken');
    await mkdir(place);
    const files = ['oven.ts'];
    await writeFile(join(place, 'tsconfig.json'), JSON.stringify({ compilerOptions: { types: [] }, files }));
    await writeFile(
      join(place, 'oven.ts'),
      'declare function expose(type: unknown): void;\nexport class Oven {\n  heat(step: Stpe): void {}\n}\nexpose(Oven);\n',
    );
    const { code, stdout, stderr } = await run('pyi', '-p', join(place, 'tsconfig.json'));
    expect(code).toBe(0);
    expect(stdout).toContain('def heat(self, step: Any) -> None:');
    expect(stderr).toMatch(
      /does not compile; a type that the compiler does not know is Any:\n.*oven\.ts:3:14: Cannot find name 'Stpe'/,
    );
  });

  it('pyi says so when the typescript of the project is no library', async () => {
    const compiler = join(directory, 'project', 'node_modules', 'typescript');
    await mkdir(compiler, { recursive: true });
    await writeFile(join(compiler, 'package.json'), '{ "name": "typescript", "main": "index.js" }');
    await writeFile(join(compiler, 'index.js'), "exports.version = '7.0.0';");
    await writeFile(join(directory, 'project', 'tsconfig.json'), '{}');
    expect(await run('pyi', '-p', join(directory, 'project', 'tsconfig.json'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('typescript 7.0.0 of the project cannot be used as a library') as string,
    });
  });
});

describe('help for remote objects', () => {
  const help = (uri: string): Promise<string> =>
    python.run<string>(
      `
      import contextlib, io
      with Proxy(uri) as proxy, contextlib.redirect_stdout(io.StringIO()) as out:
          state.remote_help(proxy)
      return out.getvalue()`,
      { uri },
    );

  it('remote_help(proxy) prints the signatures of an object of Python', async () => {
    expect(await help(await serveWithSignatures(SERVED_CAMERA))).toBe(`class Camera
    A camera.

    gain: float
        The gain.

    serial: str

    frames(count: int) -> Iterator[dict]

    kind(of: int)

    note(*lines)

    take(seconds: float, binning: int = ..., roi: Optional[list[int]] = ..., **options: str) -> bytes
        Takes a picture.

        Slowly.

    version()

`);
  });

  it('remote_help(proxy) prints nothing that a terminal obeys', async () => {
    const classes = { Thing: { class: 'Thing', doc: '\u001b[2Jred\nnext', methods: {}, attributes: {} } };
    await using daemon = await PyroDaemon.listen({ host: '127.0.0.1', signatures: { classes } });
    class Thing {
      ping(): void {}
    }
    const uri = String(daemon.register(expose(Thing), 'thing'));
    expect(await help(uri)).toContain('\\x1b[2Jred\n    next\n');
  });

  it('a Python client is told the types of a daemon with the option signatures, behind its guards', async () => {
    await serveWithSignatures(SERVED_CAMERA);
    const { Counter } = (await import('./generated/lab/counter.js')) as { Counter: new () => object };
    await using daemon = await PyroDaemon.listen({ host: '127.0.0.1', signatures: join(GENERATED, 'signatures.json') });
    const guards = ({ data }: { data: unknown }): void => {
      if (data !== 'secret') throw new Error('wrong password');
    };
    const uri = String(daemon.register(new Counter(), 'counter'));
    daemon.register(new Counter(), 'guarded', { guards });
    expect(await help(uri)).toBe(`class Counter
    Counts.

    add(by: float = ...) -> float

    find(text: str, limit: float = ..., **filters: Any) -> str

    reset() -> None

`);
    const asked = (handshake: string): Promise<unknown> =>
      python.run(
        `
        with Proxy("PYRO:Pyro.Daemon@" + location) as own:
            own._pyroHandshake = handshake
            try:
                return sorted(own.get_signatures("guarded")["methods"])
            except Exception as error:
                return type(error).__name__ + ": " + str(error)`,
        { location: daemon.locationStr, handshake },
      );
    expect(await asked('hello')).toBe('SecurityError: wrong password');
    expect(await asked('secret')).toEqual(['add', 'find', 'reset']);
  });

  it('describe prints signatures and docs', async () => {
    const uri = await serveWithSignatures(SERVED_CAMERA);
    expect(await printed('describe', uri)).toBe(`${uri}

class Camera
    A camera.

gain: float
    The gain.
serial: str   # read only
frames(count: int, /) -> Iterator[dict]
kind(of: int)
note(*lines)   # oneway
take(seconds: float, binning: int = …, *, roi: Optional[list[int]] = …, **options: str) -> bytes
    Takes a picture.

    Slowly.
version()
`);
    expect(JSON.parse(await printed('describe', uri, '--json'))).toMatchObject({
      attributes: ['gain', 'serial'],
      signatures: { methods: { take: { returns: 'bytes', parameters: [{ name: 'seconds', type: 'float' }, {}, {}, {}] } } },
    });
  });
});
