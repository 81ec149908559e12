/** The writers by their streams: each has one listener at its stream at most. */
const writers = new WeakMap<NodeJS.WriteStream, (line: string) => void>();

/**
 * Gives the function that writes a line to stdout or stderr. When nobody reads the stream any more, lines are lost, as in Python's logging. An
 * error of the stream that nobody hears would end the process.
 */
export function lineWriter(stream: NodeJS.WriteStream): (line: string) => void {
  let writer = writers.get(stream);
  if (writer === undefined) writers.set(stream, (writer = newWriter(stream)));
  return writer;
}

function newWriter(stream: NodeJS.WriteStream): (line: string) => void {
  let unsentLines = 0;
  const ignore = (): void => undefined;
  // the error of a write is emitted after its callback
  const sent = (): void => void setImmediate(() => --unsentLines === 0 && stream.off('error', ignore));
  return (line) => {
    if (unsentLines++ === 0) stream.on('error', ignore);
    stream.write(`${line}\n`, sent);
  };
}
