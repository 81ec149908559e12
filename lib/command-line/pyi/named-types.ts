import type ts from 'typescript';
import type { TypeSignature } from '../../daemon/contract/signatures.js';
import { pythonNameFor } from '../python/python-names.js';
import type { Direction } from './known-types.js';
import { MODULE_NAMES } from './module-names.js';

/** The types of your own that texts name. Each has another name. */
export class NamedTypes {
  /** By the name in Python. */
  readonly types = new Map<string, TypeSignature>();
  /** The types of arguments, and the types of results of the same TypeScript types. */
  readonly resultNames = new Map<string, string>();
  private readonly names = new Map<object, string>();
  private readonly argumentNames = new Map<ts.Type | ts.Symbol, string>();
  /** Types whose fields are read after the text that names them. */
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
  nameOf(key: object, wanted: string, add: (name: string) => void, isPython = false): string {
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

  /**
   * The name of a type in a direction. A type of arguments is a type of its own until {@link finalNames} finds that it is the type of results.
   *
   * @param add adds the type of a direction when it is new. Called by {@link addPending}, with the name, and the name of the type of results
   */
  directedNameOf(
    key: ts.Type | ts.Symbol,
    wanted: string,
    direction: Direction,
    add: (name: string, direction: Direction, resultName: string) => void,
  ): string {
    const resultName = this.nameOf(key, wanted, (name) => add(name, 'result', name));
    if (direction !== 'argument') return resultName;
    const known = this.argumentNames.get(key);
    if (known !== undefined) return known;
    // the key of an argument's type belongs to nobody else
    const name = this.nameOf({}, `${resultName}Argument`, (own) => add(own, 'argument', resultName));
    this.argumentNames.set(key, name);
    this.resultNames.set(name, resultName);
    return name;
  }

  /** Adds the types that were named. */
  addPending(): void {
    while (this.pending.length > 0) this.pending.shift()!();
  }
}
