import { CHARACTERS } from './characters.js';
import { HashCollisions } from './hash-collisions.js';
import { isOwnStandIn, PythonKeys, TOO_MANY_COLLISIONS } from './python-keys.js';
import { SequenceReader } from './sequence-reader.js';
import { COSTS } from './value-costs.js';

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

  /** Shared by all tables of the message. */
  protected get collisions(): HashCollisions {
    return (this.knownCollisions ??= new HashCollisions());
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
    const members = new Set<unknown>();
    let keys: PythonKeys | undefined;
    let capacity = ROOMY_ENTRIES;
    let member = first;
    for (;;) {
      if (keys === undefined && !isOwnStandIn(member)) keys = new PythonKeys(members, this.collisions);
      if (members.size === capacity) {
        scanner.spend(capacity * COSTS.setMember);
        capacity *= 2;
      }
      members.add(this.admitted(members, keys, member));
      let code = scanner.token();
      if (code === COMMA) {
        scanner.pos++;
        code = scanner.token();
      } else if (code !== BRACE_CLOSE) {
        scanner.expected(code === COLON ? '"," or "}" of a set' : '"," or "}"');
      }
      if (code === BRACE_CLOSE) break;
      member = this.key(code);
    }
    this.leave();
    return members;
  }

  /** The key to add to a table: the equal key in the table, else `key` itself. */
  protected admitted(table: Map<unknown, unknown> | Set<unknown>, keys: PythonKeys | undefined, key: unknown): unknown {
    const admitted = keys !== undefined ? keys.resolve(key) : this.collisions.admits(table, key) ? key : TOO_MANY_COLLISIONS;
    if (admitted !== TOO_MANY_COLLISIONS) return admitted;
    return this.scanner.fail('keys that collide so often that they were made for it; found', 'CROWDED_KEYS');
  }
}
