/** The owner of a connection. */
export interface FrameConnectionHandler {
  /** Name of the peer in the wire log. */
  readonly peerName: string;
  /**
   * Frames may be waiting, or the peer reads again. Call `next()` of the connection until it gives none, or `hold()` it.
   */
  onReady(): void;
  /** The connection is closed. Without an error, the peer ended it between two frames. Called exactly once. */
  onClosed(error: Error | undefined): void;
}
