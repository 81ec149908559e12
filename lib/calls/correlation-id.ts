import { RandomIds } from '../protocol/random-ids.js';
import { outgoingCorrelationId } from './current-call.js';

/** Makes the ids that calls are followed by through all peers. */
export class CorrelationIds {
  private readonly random = new RandomIds();

  /** The id that was given, that of the call this code runs for, or else a new random one: 16 bytes. */
  next(): Buffer {
    const given = outgoingCorrelationId();
    return given === undefined ? this.random.next() : correlationBytes(given);
  }
}

/** @param id a UUID in its usual text form */
export function correlationBytes(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}
