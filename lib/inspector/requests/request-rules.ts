import type { IncomingMessage, ServerResponse } from 'node:http';
import { hostOf } from './host-rules.js';
import { RequestRefusal } from '../contract/request-refusal.js';

const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

/** Sets the headers of every answer. They replace headers that the application has set. */
export function setSecurityHeaders(response: ServerResponse): void {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
}

/**
 * Refuses a request of HTTP/1.1 that was sent before the answer to the one before. Its response gets no event when the connection
 * closes, so the work for it would go on. Browsers send no such requests.
 *
 * @throws {RequestRefusal} 400
 */
export function refusePipelined({ socket }: ServerResponse): void {
  if (socket === null)
    throw new RequestRefusal(400, 'send a request after the answer to the one before, or over another connection');
}

/** Refuses a request for data that a page of another origin has sent. @throws {RequestRefusal} 403 */
export function refuseForeignReader(request: IncomingMessage): void {
  const { headers } = request;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw foreign();
  if (headers.origin !== undefined && !isOwnOrigin(headers.origin, request)) throw foreign();
}

/**
 * Refuses a request that changes something unless the page itself has sent it, as JSON.
 *
 * @throws {RequestRefusal} 403, or 415
 */
export function refuseForeignWriter(request: IncomingMessage): void {
  const { headers } = request;
  const site = headers['sec-fetch-site'];
  // browsers leave this header out for a page that came without TLS from another machine
  const isOwnSite = site === undefined ? headers.origin !== undefined : site === 'same-origin';
  const isOwn = isOwnSite && (headers.origin === undefined || isOwnOrigin(headers.origin, request));
  if (!isOwn) throw foreign();
  if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? ''))
    throw new RequestRefusal(415, 'the content type must be application/json');
}

/** Refuses a body that is too large, or whose size is not told. @throws {RequestRefusal} 411 or 413 */
export function refuseLargeBody({ headers }: IncomingMessage, maxBodyBytes: number): void {
  const length = headers['content-length'];
  if (length === undefined) throw new RequestRefusal(411, 'the request must say its Content-Length');
  if (Number(length) > maxBodyBytes)
    throw new RequestRefusal(413, `the request has ${length} bytes, and at most ${maxBodyBytes} are allowed (maxBodyBytes)`);
}

/** Reads the body of a request as JSON. @throws {RequestRefusal} 400 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch {
    throw new RequestRefusal(400, 'the body is no JSON');
  }
}

function isOwnOrigin(origin: string, request: IncomingMessage): boolean {
  return URL.canParse(origin) && new URL(origin).host === hostOf(request);
}

function foreign(): RequestRefusal {
  return new RequestRefusal(
    403,
    'only the page of the inspector itself may ask for this. Behind a reverse proxy, let it keep the Host header of the browser',
  );
}
