import type { Annotations } from '../../protocol/messages/annotations.js';
import { PyroError } from '../../protocol/errors.js';
import { refusal } from '../../protocol/refusals.js';
import { overLimit } from '../../protocol/over-limit.js';
import { UnreadableError } from '../../serializers/contract/unreadable-error.js';
import type { ValueBudget } from '../../serializers/contract/value-budget.js';
import { COSTS } from '../../serpent/costs/value-costs.js';
import type { SessionConnection } from '../connection/session-connection.js';
import { Reply } from './reply.js';
import { REQUEST_BYTES } from './value-memory.js';

/** Counts memory. The budget has the limits of the whole read, as that on colliding keys. */
type SpendMemory = ((bytes: number) => void) & { budget?: ValueBudget | undefined };

/** The memory that one request holds until it ends: its arguments, and results that are being made. */
export abstract class RequestMemory extends Reply {
  readonly connection: SessionConnection = this.channel.connection;
  /** Memory that the next read may take. */
  budget: ValueBudget | undefined;
  /** Bytes of the compressed data; undefined when the data was not compressed. A blob that is opened later was in it. */
  wireBytes: number | undefined = undefined;
  private knownSpend: SpendMemory | undefined = undefined;
  /** Memory that the request holds. */
  heldBytes = 0;
  /** True once the request has ended. */
  protected hasEnded = false;

  /** The budget of a read that begins. {@link holdRead} must follow when the read has not failed. */
  protected beginRead(): ValueBudget {
    return (this.budget = this.services.memory.budget(this.connection));
  }

  /** @throws {UnreadableError} when further bytes, which no budget has counted, have no room. Then nothing is held: nobody would release it */
  protected holdRead(spentBytes: number, furtherBytes: number): void {
    const bytes = spentBytes + REQUEST_BYTES + furtherBytes;
    const shortage = furtherBytes > 0 ? this.services.memory.shortageFor(this.connection, bytes) : undefined;
    if (shortage !== undefined) {
      const text = `data and annotations take ${shortage}`;
      throw overLimit('maxInFlightValueBytes', new UnreadableError(text, { raisedAs: 'Pyro5.errors.PyroError' }));
    }
    this.hold(bytes);
  }

  /**
   * Counts memory that the arguments take after they were read. It is held until the request ends. Always the same function: it stands for
   * the read. It throws an UnreadableError over a limit.
   */
  get spend(): SpendMemory {
    return (this.knownSpend ??= this.makeSpend());
  }

  private makeSpend(): SpendMemory {
    const spend: SpendMemory = (bytes) => {
      this.budget?.spend(bytes);
      this.hold(bytes);
    };
    spend.budget = this.budget;
    return spend;
  }

  /** Counts memory for this request, until the request ends. */
  hold(bytes: number): void {
    // an application may read a blob after the request has ended; its values are then no memory of a running request
    if (this.hasEnded) return;
    this.heldBytes += bytes;
    this.services.memory.hold(this.connection, bytes);
  }

  /** Holds memory for a result before it is made. @throws {PyroError} over `maxInFlightValueBytes` */
  reserve(bytes: number, what: string): void {
    const shortage = this.services.memory.shortageFor(this.connection, bytes);
    if (shortage !== undefined) throw overLimit('maxInFlightValueBytes', refusal(new PyroError(`${what} takes ${shortage}`)));
    this.hold(bytes);
  }

  /** The request has ended. From now on nothing is held for it. */
  protected releaseMemory(): void {
    this.hasEnded = true;
    this.services.memory.release(this.connection, this.heldBytes);
    this.heldBytes = 0;
  }
}

/** An annotation whose Buffer has memory of its own, in a Map: measured. Buffers that share memory take {@link COSTS.bytes}. */
const ANNOTATION_BYTES = 270;

/** Memory that annotations take once they are copied, in bytes. */
export function memoryOf(annotations: Annotations): number {
  if (annotations.size === 0) return 0;
  let bytes: number = COSTS.map;
  for (const { length } of annotations.values()) bytes += ANNOTATION_BYTES + length;
  return bytes;
}
