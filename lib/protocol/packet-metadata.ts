/** The annotation that carries the metadata of Nest's packets, as JSON. */
const METADATA_ANNOTATION = 'NEST';

/** The annotation for the metadata of a packet. */
export function writePacketMetadata(metadata: Readonly<Record<string, string>>): Record<string, Buffer> {
  return { [METADATA_ANNOTATION]: Buffer.from(JSON.stringify(metadata)) };
}

/** The metadata of a call; undefined when the annotation is missing or holds something else. */
export function readPacketMetadata(annotations: ReadonlyMap<string, Buffer>): Record<string, string> | undefined {
  const text = annotations.get(METADATA_ANNOTATION)?.toString();
  if (text === undefined) return undefined;
  try {
    const metadata: unknown = JSON.parse(text);
    const isRecord = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
    return isRecord && Object.values(metadata).every((value) => typeof value === 'string')
      ? (metadata as Record<string, string>)
      : undefined;
  } catch {
    return undefined;
  }
}
