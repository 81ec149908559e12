/** Does work in a later turn of the event loop, between the work of others. */
export interface LaterTurns {
  delay(work: { takeTurn(): void; turnFailed(error: unknown): void }): void;
}
