/** An `onPyroConnect` has thrown. */
export class ConnectFailure extends Error {
  /** @param thrown anything that the hook threw */
  constructor(readonly thrown: unknown) {
    super('onPyroConnect failed');
  }
}
