/** Refuses a request of the page, or of a program that claims to be it. */
export class RequestRefusal extends Error {
  constructor(
    /** Status of HTTP. */
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}
