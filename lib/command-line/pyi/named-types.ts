import type ts from 'typescript';
import type { TypeSignature } from '../../daemon/contract/signatures.js';
import { pythonNameFor } from '../python/python-names.js';
import { MODULE_NAMES } from './module-names.js';

/** The types of your own that texts name. Each has another name. */
export class NamedTypes {
  /** By the name in Python. */
  readonly types = new Map<string, TypeSignature>();
  private readonly names = new Map<ts.Type | ts.Symbol, string>();
  /** Types whose fields are read behind the text that names them. */
  private readonly pending: (() => void)[] = [];

  /**
   * @param served the names of the classes whose objects travel as proxies
   * @param pythonNames names that only classes and enums of Python have
   */
  constructor(
    private readonly served: ReadonlyMap<ts.Symbol, string>,
    private readonly pythonNames: ReadonlySet<string>,
  ) {}

  /**
   * The name of a type.
   *
   * @param add adds the type when it is new. Called by {@link addPending}, with the name
   * @param isPython the type is a class or an enum of Python
   */
  nameOf(key: ts.Type | ts.Symbol, wanted: string, add: (name: string) => void, isPython = false): string {
    const known = this.names.get(key);
    if (known !== undefined) return known;
    const base = pythonNameFor(wanted, MODULE_NAMES);
    const taken = new Set([...this.names.values(), ...this.served.values(), ...(isPython ? [] : this.pythonNames)]);
    let name = base;
    for (let number = 2; taken.has(name); number++) name = `${base}${number}`;
    this.names.set(key, name);
    this.pending.push(() => add(name));
    return name;
  }

  /** Adds the types that were named. */
  addPending(): void {
    while (this.pending.length > 0) this.pending.shift()!();
  }
}
