import { pythonNameFor } from '../python/python-names.js';
import { BUILTINS, FROM_TYPING, IMPORTED } from './module-names.js';
import { NAMES_AND_TEXTS } from './python-texts.js';
import { textLiteral } from '../types/text-literal.js';

/** Other names for types of a module, inside of a class whose members hide the types. */
export class VisibleNames {
  private readonly names = new Map<string, string>();
  /** Aliases, by the names that the members hide. */
  private readonly aliased = new Map<string, string>();
  private readonly used = new Set<string>();

  /**
   * @param members names of the members of the class
   * @param own the names of the types and classes of the module
   */
  constructor(className: string, members: readonly string[], own: ReadonlySet<string>) {
    for (const name of members) {
      if (BUILTINS.has(name)) this.names.set(name, `_builtins.${name}`);
      else if (FROM_TYPING.has(name)) this.names.set(name, `_typing.${name}`);
      else if (own.has(name) || Object.hasOwn(IMPORTED, name)) {
        const alias = pythonNameFor(`_${name}Of${className}`, own);
        this.names.set(name, alias);
        this.aliased.set(name, alias);
      }
    }
  }

  /** A text of a type as it stands in the class. */
  in(type: string): string {
    if (this.names.size === 0) return type;
    return type.replace(NAMES_AND_TEXTS, (part) => {
      if (this.aliased.has(part)) this.used.add(part);
      return this.names.get(part) ?? part;
    });
  }

  /** Lines in front of the class: other names for the types that its texts name. */
  get aliases(): string[] {
    const used = [...this.aliased].filter(([name]) => this.used.has(name));
    return used.map(([name, alias]) => `${alias}: TypeAlias = ${textLiteral(name)}\n`);
  }
}
