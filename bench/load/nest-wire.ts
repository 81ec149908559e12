import { checkValue } from './check-value.js';
import type { Wire } from './wire.js';

/** Nest's TCP transport: the length of a JSON text, `#`, and the text. */
export class NestWire implements Wire {
  readonly varying = { start: 0, end: 0 };
  readonly greetings: readonly Buffer[] = [];
  readonly callsPerRequest = 1;

  constructor(
    private readonly pattern: string,
    private readonly data: unknown,
    private readonly expected: unknown,
  ) {}

  sizeOf(bytes: Buffer): number | undefined {
    const headEnd = bytes.indexOf('#') + 1;
    if (headEnd === 0) return undefined;
    // Nest counts the characters; the texts of the benchmark are ASCII
    return headEnd + Number(bytes.toString('latin1', 0, headEnd - 1));
  }

  checkGreeting(): void {}

  request(): Buffer {
    const text = JSON.stringify({ pattern: this.pattern, data: this.data, id: '1' });
    return Buffer.from(`${text.length}#${text}`);
  }

  checkReply(reply: Buffer): void {
    const { response } = JSON.parse(reply.toString('utf8', reply.indexOf('#') + 1)) as { response: unknown };
    checkValue(response, this.expected);
  }
}
