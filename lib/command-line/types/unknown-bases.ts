import { basesOf } from './python-types.js';
import type { Imported, SourceModule } from './source-module.js';
import type { SourceModules } from './source-modules.js';

/** Modules of Python, and packages, whose classes have no member that Pyro5 exposes. */
const WITHOUT_EXPOSED: ReadonlySet<string> = new Set(
  (
    'abc argparse array asyncio attr attrs builtins cmd code codecs collections concurrent configparser contextlib ctypes dataclasses datetime ' +
    'decimal email enum fractions functools html http importlib inspect io ipaddress json logging multiprocessing numbers numpy optparse os ' +
    'pathlib pickle pydantic pydantic_settings queue random sched selectors signal smtplib socket socketserver sqlite3 ssl string subprocess ' +
    'threading time tkinter types typing typing_extensions unittest urllib uuid warnings weakref xml xmlrpc zipfile Pyro4 Pyro5 serpent'
  ).split(' '),
);
const BUILTINS = /^(?:object|type|bool|bytes|dict|float|frozenset|int|list|set|str|tuple|\w*(?:Error|Exception|Warning))$/;

/**
 * Tells which classes extend a class that a module imports and that no source defines: their members are not all known.
 *
 * @returns a sentence for each class
 */
export function unknownBases(modules: SourceModules): string[] {
  const found = new Set<string>();
  for (const module of modules.all) {
    for (const definition of module.definitions) {
      for (const { text } of basesOf({ module, definition })) {
        const origin = modules.find(text, module) === undefined ? originOf(text, module, modules) : undefined;
        if (origin !== undefined)
          found.add(`${definition.name} extends ${text} of ${origin}, which is in no --source: its exposed members are missing`);
      }
    }
  }
  return [...found];
}

/** The module from which a module imports a class that no source defines. Undefined when the class cannot have exposed members. */
function originOf(text: string, module: SourceModule, modules: SourceModules): string | undefined {
  const imported = module.imports.get(text.split('.')[0]!);
  const hasWhole = imported === undefined && !module.defines(text) && !BUILTINS.test(text);
  const origins = imported === undefined ? (hasWhole ? module.wholeImports : []) : [imported];
  return origins
    .filter((each) => each.level > 0 || !WITHOUT_EXPOSED.has(each.module[0]!))
    .filter((each) => imported !== undefined || !modules.hasModule(each, module))
    .map((each) => nameOf(each))[0];
}

function nameOf({ module, level }: Imported): string {
  return '.'.repeat(level) + module.join('.');
}
