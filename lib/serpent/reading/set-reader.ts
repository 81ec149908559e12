import { CHARACTERS } from '../text/characters.js';
import { type HashCollisions, longKeysReason } from '../costs/hash-collisions.js';
import { isOwnStandIn, PythonKeys, TOO_MANY_COLLISIONS } from '../keys/python-keys.js';
import { SequenceReader } from './sequence-reader.js';
import { COSTS } from '../costs/value-costs.js';

const { COMMA, COLON, BRACE_CLOSE } = CHARACTERS;

/** Entries for which V8 makes room in an empty Map or Set. */
export const ROOMY_ENTRIES = 4;

/** Reads sets, and keys of dicts: values that Python can hash, each of which a table has once. */
export abstract class SetReader extends SequenceReader {
  private knownCollisions: HashCollisions | undefined = undefined;

  /** Forgets the state of the last message. */
  protected reset(): void {
    this.knownCollisions = undefined;
  }

  /** Shared by all tables of the message, and by all that is made of the message later. */
  protected get collisions(): HashCollisions {
    return (this.knownCollisions ??= this.scanner.collisions);
  }

  protected key(code: number): unknown {
    this.inKey = true;
    const key = this.value(code);
    this.inKey = false;
    return key;
  }

  /** Reads the rest of a set. The cursor is after its first member. */
  protected set(first: unknown): Set<unknown> {
    const { scanner } = this;
    scanner.spend(COSTS.set);
    const members = new Set<unknown>().add(first);
    let keys: PythonKeys | undefined;
    let capacity = ROOMY_ENTRIES;
    for (let code = this.nextMember(); code !== BRACE_CLOSE; code = this.nextMember()) {
      const member = this.key(code);
      keys ??= this.unusualKeys(members, first, member);
      if (members.size === capacity) {
        scanner.spend(capacity * COSTS.setMember);
        capacity *= 2;
      }
      members.add(this.admitted(members, keys, member));
    }
    this.leaveTable(keys);
    return members;
  }

  /** @returns the first character of the next member; the closing brace after the last one */
  private nextMember(): number {
    const { scanner } = this;
    const code = scanner.token();
    if (code === BRACE_CLOSE) return code;
    if (code !== COMMA) scanner.expected(code === COLON ? '"," or "}" of a set' : '"," or "}"');
    scanner.pos++;
    return scanner.token();
  }

  /**
   * Compares the keys of a table as Python does, once a key is neither a text nor a safe int, and the table has another key.
   *
   * @param first the first key of the table
   * @param key the next one
   */
  protected unusualKeys(table: Map<unknown, unknown> | Set<unknown>, first: unknown, key: unknown): PythonKeys | undefined {
    if (table.size === 0 || (isOwnStandIn(key) && isOwnStandIn(first))) return undefined;
    return new PythonKeys(table, first, this.collisions, this.scanner);
  }

  /** The key to add to a table: the equal key in the table, else `key` itself. */
  protected admitted(table: Map<unknown, unknown> | Set<unknown>, keys: PythonKeys | undefined, key: unknown): unknown {
    const admitted = keys !== undefined ? keys.resolve(key) : this.collisions.admits(table, key) ? key : TOO_MANY_COLLISIONS;
    if (admitted !== TOO_MANY_COLLISIONS) return admitted;
    const reason = longKeysReason(key) ?? 'keys that collide so often that they were made for it';
    return this.scanner.fail(`${reason}; found`, 'CROWDED_KEYS');
  }

  /** Goes out of a table, and drops the memory that comparing its keys took. */
  protected leaveTable(keys: PythonKeys | undefined): void {
    if (keys !== undefined) this.scanner.giveBack(this.scanner.spent - keys.spentBytes);
    this.leave();
  }
}
