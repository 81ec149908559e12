/** The exit codes of `nestjs-pyro`. */
export const EXIT_CODES = {
  done: { code: 0, means: 'done' },
  failed: { code: 1, means: 'failed, or nothing was found' },
  usage: { code: 2, means: 'wrong arguments' },
  unreachable: { code: 3, means: 'no connection to the object' },
  interrupted: { code: 130, means: 'ended by Ctrl-C' },
} as const;

/** Ends a command with the given exit code. */
export class CommandFailure extends Error {
  constructor(
    message: string,
    readonly exitCode: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = options?.cause instanceof Error ? options.cause.name : 'Error';
  }
}
