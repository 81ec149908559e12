import type { Imported, SourceModule } from './source-module.js';

/** A class or an alias of a module. */
export interface ModuleMember {
  readonly module: SourceModule;
  readonly name: string;
}

/** A name in a text of a type, with its dots. A Literal is matched as a whole: its texts are no names. */
const NAMES =
  /[\p{ID_Start}_][\p{ID_Continue}]*(?:\s*\.\s*[\p{ID_Start}_][\p{ID_Continue}]*)*(?:(?<=\bLiteral)\s*\[(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\]'"])*\])?/gu;

/** The modules of some sources, which may import each other. */
export class SourceModules {
  /** Names that no two classes or aliases share. */
  private readonly membersByName = new Map<string, ModuleMember>();
  private readonly names = new Map<SourceModule, Map<string, string>>();

  constructor(readonly all: readonly SourceModule[]) {
    for (const module of all) {
      const names = new Map<string, string>();
      this.names.set(module, names);
      for (const name of new Set([...module.aliases.keys(), ...module.classes.keys()])) {
        const member = { module, name };
        const own = this.nameFor(member);
        names.set(name, own);
        this.membersByName.set(own, member);
      }
    }
  }

  /** The class or alias with a name that {@link named} gives. */
  memberNamed(name: string): ModuleMember | undefined {
    return this.membersByName.get(name);
  }

  /** A text of a type of a module, with the names that classes and aliases of all modules have. */
  named(text: string, module: SourceModule): string {
    return text.replace(NAMES, (written) => {
      const member = written.endsWith(']') ? undefined : this.find(written.replace(/\s+/g, ''), module);
      const name = member && this.names.get(member.module)!.get(member.name)!;
      return name === undefined || name === written.split('.').at(-1)!.trim() ? written : name;
    });
  }

  /**
   * Finds the class or alias that a module knows by a name: its own, or one that it imports from another source.
   *
   * @param dotted as the module writes it: `Device`, `base.Device`
   */
  find(dotted: string, module: SourceModule, seen = new Set<string>()): ModuleMember | undefined {
    const key = `${module.parts.join('/')} ${dotted}`;
    // modules may import each other
    if (seen.has(key)) return undefined;
    seen.add(key);
    const [first = '', ...rest] = dotted.split('.');
    const imported = module.imports.get(first);
    if (!module.defines(first) && imported !== undefined) return this.imported(imported, rest, module, seen);
    // a class may stand in another class
    const name = rest.at(-1) ?? first;
    if (module.defines(name)) return { module, name };
    for (const each of module.wholeImports) {
      const found = this.imported(each, [first, ...rest], module, seen);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** True when a source is the module that an import names. */
  hasModule({ module, level }: Imported, by: SourceModule): boolean {
    return this.moduleNamed(module, level, by) !== undefined;
  }

  private imported(
    { module, level, name }: Imported,
    rest: string[],
    by: SourceModule,
    seen: Set<string>,
  ): ModuleMember | undefined {
    const names = name === undefined ? rest : [name, ...rest];
    for (let count = 0; count < names.length; count++) {
      const source = this.moduleNamed([...module, ...names.slice(0, count)], level, by);
      const found = source && this.find(names.slice(count).join('.'), source, seen);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The source of a module that another module imports. Of several with the name: the source that stands nearest. */
  private moduleNamed(parts: readonly string[], level: number, by: SourceModule): SourceModule | undefined {
    const { packageParts } = by;
    const base = level === 0 ? [] : packageParts.slice(0, packageParts.length - level + 1);
    const whole = [...base, ...parts];
    const fits = (module: SourceModule): boolean =>
      whole.length > 0 &&
      (level === 0 || module.parts.length === whole.length) &&
      whole.every((part, at) => part === module.parts.at(at - whole.length));
    const nearness = (module: SourceModule): number => {
      const at = module.parts.findIndex((part, index) => part !== packageParts[index]);
      return at < 0 ? module.parts.length : at;
    };
    return this.all.filter(fits).sort((one, other) => nearness(other) - nearness(one))[0];
  }

  /** The name of a class or alias; with the name of its module in front if the name has another meaning in another module. */
  private nameFor({ module, name }: ModuleMember): string {
    const isShared = this.all.some((other) => {
      if (other === module || !(other.defines(name) || other.imports.has(name))) return false;
      const found = this.find(name, other);
      return found?.module !== module || found.name !== name;
    });
    const base = isShared ? `${module.parts.at(-1)}_${name}`.replace(/[^\p{ID_Continue}]/gu, '_') : name;
    let own = base;
    for (let number = 2; this.membersByName.has(own); number++) own = `${base}${number}`;
    return own;
  }
}
