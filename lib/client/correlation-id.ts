import { randomFillSync } from 'node:crypto';
import { outgoingCorrelationId } from '../transport/current-call.js';

const ID_BYTES = 16;
/** Random bytes are drawn for so many ids at once: one by one they cost a call more than all of its header. */
const IDS_PER_DRAW = 64;

/** Makes the ids that calls are followed by through all peers. */
export class CorrelationIds {
  private drawn = Buffer.alloc(0);

  /** The id that was given, that of the call this code runs for, or else a new random one (UUID version 4): 16 bytes. */
  next(): Buffer {
    const given = outgoingCorrelationId();
    if (given !== undefined) return correlationBytes(given);
    if (this.drawn.length === 0) this.drawn = randomFillSync(Buffer.allocUnsafe(ID_BYTES * IDS_PER_DRAW));
    const id = this.drawn.subarray(0, ID_BYTES);
    this.drawn = this.drawn.subarray(ID_BYTES);
    id[6] = (id[6]! & 0x0f) | 0x40;
    id[8] = (id[8]! & 0x3f) | 0x80;
    return id;
  }
}

/** @param id a UUID in its usual text form */
export function correlationBytes(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}
