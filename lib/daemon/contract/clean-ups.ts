import type { PyroConnection } from './connection.js';

/** Waits for the clean-ups of the application: disposals, and hooks at the end of a connection. */
export interface CleanUps {
  /**
   * Waits for a clean-up, for 5 s. A clean-up that takes longer is reported, and goes on by itself.
   *
   * @param what the clean-up, for the report
   * @param connection the connection that the clean-up belongs to; undefined for an object of all connections
   * @returns false when the clean-up still runs
   * @throws the error of a clean-up that fails in time
   */
  wait(cleanUp: Promise<unknown>, what: string, connection: PyroConnection | undefined): Promise<boolean>;
}
