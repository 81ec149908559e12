/** What a connection of the load generator sends, and how the generator knows a reply. Each protocol has one. */
export interface Wire {
  /** Sent one after another on a new connection; each waits for its reply. */
  readonly greetings: readonly Buffer[];
  /** Calls in one request, or items in one reply: what the generator counts. */
  readonly callsPerRequest: number;
  /** Bytes of a reply that differ from reply to reply, such as a random correlation id. */
  readonly varying: { start: number; end: number };
  /** Size of the message that begins with these bytes; undefined while they do not tell. */
  sizeOf(bytes: Buffer): number | undefined;
  /** @throws {Error} when the server refuses the connection */
  checkGreeting(reply: Buffer): void;
  /** What is sent again and again. @param lastGreeting the reply to the last greeting */
  request(lastGreeting: Buffer): Buffer;
  /** @throws {Error} when the reply is not the expected one */
  checkReply(reply: Buffer): void;
}
