import { SendBuffer } from './send-buffer.js';
import { Turns } from './turns.js';

/** The parts that the connections of one daemon, or of one program's proxies, share. */
export class ConnectionGroup {
  readonly turns = new Turns();
  readonly sendBuffer = new SendBuffer();
}
