import { ProtocolError } from './errors.js';

/** The annotation that carries the metadata of Nest's packets, as JSON. */
const METADATA_ANNOTATION = 'NEST';
/** Most bytes of the annotation. Node's HTTP server takes 16 KiB of headers, and many proxies 8. */
const MAX_METADATA_BYTES = 16 * 1024;

const TEXT = String.raw`"(?:[^"\\]|\\.)*"`;
const ENTRY = String.raw`\s*${TEXT}\s*:\s*${TEXT}\s*`;
/** A dict of texts. Each text has one way to match, so a long one takes linear time. */
const FLAT = new RegExp(String.raw`^\s*\{(?:${ENTRY}(?:,${ENTRY})*|\s*)\}\s*$`);

/**
 * The annotation for the metadata of a packet.
 *
 * @throws {ProtocolError} over 16 KiB, which no server reads
 */
export function writePacketMetadata(metadata: Readonly<Record<string, string>>): Record<string, Buffer> {
  const data = Buffer.from(JSON.stringify(metadata));
  if (data.length > MAX_METADATA_BYTES) {
    const text = `the metadata of the packet has ${data.length} bytes as JSON; at most ${MAX_METADATA_BYTES} are sent: send less, or as an argument`;
    throw new ProtocolError(text, { code: 'BAD_ANNOTATIONS', sent: false });
  }
  return { [METADATA_ANNOTATION]: data };
}

/**
 * The metadata of a call; undefined when the annotation is missing, has over 16 KiB or holds something else than texts.
 *
 * The shape is checked before the JSON is read: `[{"34":0},…` takes a thousand times its bytes in memory.
 */
export function readPacketMetadata(annotations: ReadonlyMap<string, Buffer>): Record<string, string> | undefined {
  const data = annotations.get(METADATA_ANNOTATION);
  if (data === undefined || data.length > MAX_METADATA_BYTES) return undefined;
  const text = data.toString();
  if (!FLAT.test(text)) return undefined;
  try {
    return JSON.parse(text) as Record<string, string>;
  } catch {
    return undefined;
  }
}
