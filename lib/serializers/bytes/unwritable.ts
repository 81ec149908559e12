/** Thrown inside a writer that does not know where in the value it is. Never leaves a serializer. */
export class Unwritable extends Error {
  /** @param what noun of what cannot be written */
  constructor(readonly what: string) {
    super(what);
  }
}
