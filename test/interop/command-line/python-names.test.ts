import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pythonClasses } from '../../../lib/command-line/python/printed-classes.js';
import type { ClassDescription, PythonStyle } from '../../../lib/classes/class-description.js';
import { descriptionOf } from '../../../lib/classes/register-class.js';
import { registeredEnums } from '../../../lib/classes/fields/enums.js';
import { PyroClass, registerClass, registerEnum } from '../../../lib/core.js';
import { CommandLineProgram, type Outcome, runProgram } from '../../command-line-program.js';
import { ensurePythonEnv } from '../python-env.js';
import { PythonInterpreter } from '../python-interpreter.js';

let python: PythonInterpreter;
let program: CommandLineProgram;
let directory: string;
let names: string[];
beforeAll(async () => {
  [python, program, directory] = await Promise.all([
    PythonInterpreter.start(),
    CommandLineProgram.make(),
    mkdtemp(join(tmpdir(), 'names-')),
  ]);
  names = await python.run<string[]>(
    `
    import builtins, keyword, sys, typing
    sys.path.insert(0, directory)
    own = {"self", "cls", "datetime", "typing", "builtins"}
    found = own.union(keyword.kwlist, keyword.softkwlist, dir(builtins), typing.__all__)
    return sorted(name for name in found if not name.startswith("__"))`,
    { directory },
  );
});
afterAll(async () => {
  python.stop();
  await Promise.all([program.remove(), rm(directory, { recursive: true })]);
});

/** Reserved words of JavaScript, which no class or parameter of TypeScript is named after. */
const RESERVED =
  /^(?:await|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|export|extends|false|finally|for|function|if|import|in|instanceof|new|null|return|super|switch|this|throw|true|try|typeof|var|void|while|with|yield|any|object)$/;

async function mypy(file: string): Promise<Outcome> {
  const args = ['-m', 'mypy', '--strict', '--ignore-missing-imports', join(directory, file)];
  return runProgram(await ensurePythonEnv(), args, { env: { MYPY_CACHE_DIR: join(directory, 'cache') } });
}

describe('nestjs-pyro pyi', { timeout: 300_000 }, () => {
  it('pyi writes a stub that Python reads and mypy accepts when every keyword and builtin of Python is a class, a type, a method and a parameter', async () => {
    const classes = names.filter((name) => !RESERVED.test(name));
    const more = ['__debug__', '__mangled', 'ﬁ', 'größe', '$dollar', 'ͺ'];
    // strict mode has no parameter of this name
    const parameters = [...classes.filter((name) => name !== 'eval'), ...more];
    const members = [...names, ...more].map(
      (name) =>
        `  @PyroMethod() ${JSON.stringify(name)}(value: Any, at: Date, list: string[]): Iterator<bytes | Any> { throw value ?? at ?? list; }`,
    );
    const types = classes.filter((name) => name !== 'Any' && name !== 'Iterator' && name !== 'bytes');
    await writeFile(
      join(directory, 'odd.ts'),
      `import { PyroController, PyroMethod, PyroProperty } from 'nestjs-pyro';
export interface Any { text: string; Any: number }
export type bytes = 'bytes' | 'an int';
export namespace all { ${types.map((name) => `export interface ${name} { ${JSON.stringify(name)}: string }`).join(' ')} }
@PyroController() export class Members {
${members.join('\n')}
}
@PyroController() export class Parameters {
  @PyroMethod() all(${parameters.map((name) => `${name}: number`).join(', ')}): void {}
  @PyroMethod() types(${types.map((name) => `_${name}: all.${name}`).join(', ')}): void {}
  @PyroProperty() get property(): string { return ''; }
  @PyroProperty() get str(): string { return ''; }
}
@PyroController() export class None {
  @PyroMethod() protocol(): Protocol { return new Protocol(); }
}
@PyroController() export class Protocol {}
`,
    );
    const library = (file: string): string => join(import.meta.dirname, '../../../lib', file);
    const compilerOptions = {
      strict: true,
      experimentalDecorators: true,
      module: 'nodenext',
      paths: { 'nestjs-pyro': [library('index.ts')] },
      typeRoots: [join(import.meta.dirname, '../../../node_modules/@types')],
    };
    await writeFile(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['odd.ts'] }));
    await writeFile(join(directory, 'package.json'), '{ "type": "module" }');
    const output = join(directory, 'odd.pyi');
    const pyi = ['pyi', '-p', join(directory, 'tsconfig.json'), '-o', output];
    expect(await runProgram(process.execPath, ['--stack-size=4000', program.file, ...pyi])).toMatchObject({
      code: 0,
      stderr: `wrote ${output}\n`,
    });
    expect(await mypy('odd.pyi')).toMatchObject({ code: 0, stdout: expect.stringContaining('Success') as string });
    expect(
      await python.run(
        `
        import ast, pathlib
        text = pathlib.Path(output).read_text("utf-8")
        tree = ast.parse(text)
        classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
        return {"classes": [name for name in ("None_", "Protocol_", "Members") if name in classes],
                "hidden": sorted(line.strip() for line in text.splitlines() if "is no name of Python" in line)[:3],
                "methods": sum(isinstance(node, ast.FunctionDef) for node in classes["Members"].body)}`,
        { output },
      ),
    ).toMatchObject({ classes: ['None_', 'Protocol_', 'Members'] });
  });
});

enum Odd {
  None = 'none',
  'light-red' = 'a "quoted" \\ \u2028 text',
  '1st' = 1,
  _sunder_ = 'x',
  __dunder__ = 'y',
  mro = 'z',
  name = 'n',
}
registerEnum(Odd, 'odd.class');

@PyroClass('odd.None', { fields: { 'date?': 'date', 'datetime?': 'datetime', int: 'int', 'list?': ['int'], 'match?': Odd } })
class Nothing {
  date?: string;
}

@PyroClass('odd.Path', { fields: { path: 'Path', 'of?': Nothing, more: [Nothing] } })
class OddPath {
  path!: string;
}

@PyroClass('odd.Exception', { fields: { str: 'str', 'int?': 'int' } })
class OddError extends Error {}

@PyroClass('odd.Document', { fields: { _id: 'str', title: 'str', '_rev?': 'str' } })
class Document {
  _id!: string;
}

enum Bounds {
  Low = -Infinity,
  Middle = 0.5,
  High = Infinity,
}
registerEnum(Bounds, 'odd.Bounds');
registerEnum({}, 'odd.Empty');
registerEnum({ One: NaN }, 'odd.Nameless');

@PyroClass('odd.Spot', { fields: { x: 'float' } })
class Spot {}

@PyroClass('odd.Labels', { fields: { 'Spot?': Spot } })
class Labels {}

@PyroClass('odd.Selfish', { fields: { self: 'int' } })
class Selfish {}

@PyroClass('odd.Keyword', { fields: { lambda: 'int' } })
class Keyword {
  lambda!: number;
}

describe('nestjs-pyro python classes', () => {
  const described = (type: new () => object): ClassDescription => descriptionOf(type)!;
  const enums = () => registeredEnums().filter(({ object }) => object === Odd);

  it.each<PythonStyle>(['dataclass', 'namedtuple', 'pydantic', 'attrs'])(
    'python classes prints a module that Python can import when classes, members and values of enums have names of Python: %s',
    async (style) => {
      const classes = [Nothing, OddPath, OddError].map(described);
      await writeFile(join(directory, `odd_${style}.py`), pythonClasses({ classes, enums: enums() }, { style }));
      expect(
        await python.run(
          `
          import importlib
          odd = importlib.import_module("odd_" + style)
          import datetime
          none = odd.None_(int=1, date=datetime.date(2026, 1, 31), match=odd.class_(1))
          path = odd.Path_(path=odd.Path("/a"), of=none, more=[none])
          wire = odd.to_wire(path)
          back = serializers["serpent"].loads(serializers["serpent"].dumps(path))
          return [[each.value for each in odd.class_], wire["path"], wire["of"]["date"], wire["of"]["__class__"], back == path,
                  issubclass(odd.Exception_, Exception)]`,
          { style },
        ),
      ).toEqual([['none', 'a "quoted" \\ \u2028 text', 1, 'x', 'y', 'z', 'n'], '/a', '2026-01-31', 'odd.None', true, true]);
      expect((await mypy(`odd_${style}.py`)).stdout).not.toMatch(/syntax|not valid as a type/);
    },
  );

  const STYLES = ['dataclass', 'namedtuple', 'pydantic', 'attrs'] as const;
  it.each(STYLES.flatMap((base) => STYLES.map((child) => [base, child] as const)))(
    'python classes prints a class of any kind for a subclass: base %s, subclass %s',
    async (base, child) => {
      class Base {}
      class Child extends Base {}
      registerClass(Base, { name: `${base}.${child}.Base`, fields: { x: 'int' }, python: base });
      registerClass(Child, { name: `${base}.${child}.Child`, fields: { x: 'int', 'y?': 'int' }, python: child });
      const module = `kinds_${base}_${child}`;
      const text = pythonClasses({ classes: [Base, Child].map(described), enums: [] }, { style: 'dataclass' });
      await writeFile(join(directory, `${module}.py`), text);
      const made = await python.run(
        `
        import importlib
        kinds = importlib.import_module(module)
        children = [kinds.Child(x=1), kinds.Child(x=1, y=2)]
        wire = [kinds.to_wire(each) for each in children]
        kinds._from_wire(kinds.Child, kinds._CLASSES[kinds.Child][1])("", wire[1])
        return [[each["x"], each["y"], each["__class__"].split(".")[2]] for each in wire]`,
        { module },
      );
      expect(made).toEqual([
        [1, null, 'Child'],
        [1, 2, 'Child'],
      ]);
    },
  );

  it('python classes prints enums without members and with infinite values', async () => {
    const found = registeredEnums().filter(({ name }) => ['odd.Bounds', 'odd.Empty'].includes(name));
    await writeFile(join(directory, 'odd_enums.py'), pythonClasses({ classes: [], enums: found }, { style: 'dataclass' }));
    expect(
      await python.run(`
        import odd_enums
        return [[str(each.value) for each in odd_enums.Bounds], odd_enums.Bounds(float("inf")).name, len(odd_enums.Empty)]`),
    ).toEqual([['-inf', '0.5', 'inf'], 'High', 0]);
  });

  it('python classes refuses an enum with the value NaN', () => {
    const found = registeredEnums().filter(({ name }) => name === 'odd.Nameless');
    expect(() => pythonClasses({ classes: [], enums: found }, { style: 'dataclass' })).toThrow(
      'odd.Nameless has the member One with the value NaN, by which no Enum of Python finds it',
    );
  });

  it.each([
    ['attrs', Selfish, 'odd.Selfish has a member self, which no attrs class can have; choose another kind'],
    ['pydantic', Labels, 'odd.Labels has a member Spot of a class that is called the same, which no pydantic class can have'],
  ] as const)(
    'python classes refuses a member whose name fails in a class of the kind %s, and prints the others',
    async (style, type, text) => {
      const classes = [Spot, type].map(described);
      expect(() => pythonClasses({ classes, enums: [] }, { style })).toThrow(text);
      for (const other of STYLES.filter((one) => one !== style)) {
        const module = `names_${style}_${other}`;
        await writeFile(join(directory, `${module}.py`), pythonClasses({ classes, enums: [] }, { style: other }));
        const arguments_ = type === Selfish ? { self: 1 } : {};
        const imported = 'import importlib\nreturn type(getattr(importlib.import_module(module), name)(**given)).__name__';
        expect(await python.run(imported, { module, name: type.name, given: arguments_ })).toBe(type.name);
      }
    },
  );

  it('python classes refuses a member that no class of Python can have', () => {
    expect(() => pythonClasses({ classes: [described(Keyword)], enums: [] }, { style: 'dataclass' })).toThrow(
      'odd.Keyword has a member lambda, which no class of Python can have; give it another name, or @Expose({ name }) of class-transformer',
    );
  });

  it('python classes prints members that begin with _ where the kind of class can have them, and refuses them elsewhere', async () => {
    const printed = (style: PythonStyle): string => pythonClasses({ classes: [described(Document)], enums: [] }, { style });
    for (const style of ['dataclass', 'attrs'] as const) {
      await writeFile(join(directory, `hidden_${style}.py`), printed(style));
      const made = await python.run(
        `
        import importlib
        module = importlib.import_module("hidden_" + style)
        document = module.Document(_id="a", title="b")
        back = serializers["serpent"].loads(serializers["serpent"].dumps(module.to_wire(document)))
        return [back == document, back._id, back._rev]`,
        { style },
      );
      expect(made).toEqual([true, 'a', null]);
    }
    for (const style of ['namedtuple', 'pydantic'] as const)
      expect(() => printed(style)).toThrow(
        `odd.Document has a member _id, which no ${style} class can have; choose another kind`,
      );
  });
});
