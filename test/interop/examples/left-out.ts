const NOT_YET = 'not written yet';

/** Folders of upstream's `examples/` that no client script can use against a server of ours, and why. */
export const leftOut: Readonly<Record<string, string>> = {
  'blob-dispatch': NOT_YET,
  callback: NOT_YET,
  chatbox: NOT_YET,
  circular: NOT_YET,
  'custom-serialization': NOT_YET,
  'diffie-hellman': NOT_YET,
  disconnects: NOT_YET,
  'distributed-computing': NOT_YET,
  'distributed-computing2': NOT_YET,
  'distributed-computing3': NOT_YET,
  'distributed-mandelbrot': NOT_YET,
  echoserver: NOT_YET,
  eventloop: NOT_YET,
  exceptions: NOT_YET,
  socketpair: 'its scripts make both ends themselves, daemon and proxy; there is no server to replace',
};
