import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readProjectSignatures } from '../../../lib/command-line/pyi/class-signatures.js';
import { openProject } from '../../../lib/command-line/pyi/project.js';
import { writeStub } from '../../../lib/command-line/pyi/stub-writer.js';
import type {
  MethodSignature,
  ObjectSignatures,
  ParameterSignature,
  SignatureBook,
} from '../../../lib/daemon/contract/signatures.js';
import { runProgram } from '../../command-line-program.js';
import { ensurePythonEnv } from '../python-env.js';
import { PythonInterpreter } from '../python-interpreter.js';

const SOURCE = `
import { PyroController, PyroMethod } from 'nestjs-pyro';

@PyroController() export class Mixed {
  @PyroMethod() heat(celsius: number, minutes = 5, pause?: number): string { return String(celsius + minutes + (pause ?? 0)); }
  @PyroMethod({ params: ['a?', 'b'] }) given(a: number, b: number): void { void [a, b]; }
  @PyroMethod() unnamed(a = 1, { b }: { b: number }): void { void [a, b]; }
  @PyroMethod() rest(a = 1, b: string, ...more: number[]): void { void [a, b, more]; }
}
@PyroController({ naming: 'snake_case' }) export class SameName {
  @PyroMethod() twice(fooBar: number, foo_bar: string): void { void [fooBar, foo_bar]; }
}
`;

let python: PythonInterpreter;
let directory: string;
let book: SignatureBook;
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
    writeFile(join(directory, 'mypy.ini'), '[mypy]\nstrict = True\n\n[mypy-Pyro5.*]\nignore_missing_imports = True\n'),
  ]);
  book = readProjectSignatures(openProject(ts, join(directory, 'tsconfig.json')), undefined);
}, 300_000);
afterAll(async () => {
  python.stop();
  await rm(directory, { recursive: true });
});

/** Writes the stub of some classes as `NAME.pyi`. */
async function stub(name: string, classes: readonly string[], classesModule?: string): Promise<string> {
  const text = writeStub({ classes: Object.fromEntries(classes.map((each) => [each, book.classes[each]!])) }, classesModule);
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

  it('pyi tells the calls of a method whose required parameter stands behind an optional parameter', async () => {
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
});
