import { isAscii, isUtf8 } from 'node:buffer';
import { SerpentError } from '../values/serpent-error.js';

/** @throws {SerpentError} `ENCODING` for bytes that are no UTF-8 and for zero bytes, which Python's parser refuses */
export function checkEncoding(bytes: Buffer): void {
  const zero = bytes.indexOf(0);
  if (zero !== -1) throw new SerpentError(`zero byte in the text at byte ${zero}`, 'ENCODING', { offset: zero });
  if (!isAscii(bytes) && !isUtf8(bytes)) throw new SerpentError('the text is not valid UTF-8', 'ENCODING', { offset: 0 });
}
