import { outsideOfCalls } from '../calls/async-context.js';
import { LargeBlocks } from '../protocol/messages/large-blocks.js';
import { SendBuffer } from './send-buffer.js';
import { StoppedSockets } from './stopped-sockets.js';
import { Turns } from './turns.js';
import type { UnsentBytes } from './unsent-bytes.js';
import type { UnservedBytes } from './unserved-bytes.js';

/** The parts that all connections of a daemon share, or all connections of the proxies of a program. */
export class ConnectionGroup {
  readonly blocks = new LargeBlocks(outsideOfCalls);
  readonly sendBuffer = new SendBuffer(this.blocks);
  readonly stopped = new StoppedSockets();

  /**
   * @param unsent limits the bytes that peers have not read; undefined: only each connection has a limit
   * @param unserved limits the bytes that arrive; undefined: only each message has a limit
   * @param turns the turns that the connections take
   */
  constructor(
    readonly unsent?: UnsentBytes,
    readonly unserved?: UnservedBytes,
    readonly turns = new Turns(),
  ) {}
}
