/** The messages of a connection of the load generator, and the check of its replies. Each protocol has its own implementation. */
export interface Wire {
  /** Sent one after another on a new connection; each waits for its reply. */
  readonly greetings: readonly Buffer[];
  /** Calls in one request, or items in one reply. The generator counts these. */
  readonly callsPerRequest: number;
  /** Bytes of a reply that differ from reply to reply, such as a random correlation id. */
  readonly varying: { start: number; end: number };
  /** Size of the message that begins with these bytes; undefined while more bytes are needed to tell. */
  sizeOf(bytes: Buffer): number | undefined;
  /** @throws {Error} when the server refuses the connection */
  checkGreeting(reply: Buffer): void;
  /** The request that is repeated. @param lastGreeting the reply to the last greeting */
  request(lastGreeting: Buffer): Buffer;
  /** @throws {Error} when the reply is not the expected one */
  checkReply(reply: Buffer): void;
}
