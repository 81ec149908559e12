/** Folders of upstream's `examples/`, and client scripts in them, that have no server here, with the reasons. */
export const leftOut: Readonly<Record<string, string>> = {
  socketpair: 'its scripts make both ends themselves, daemon and proxy; there is no server to replace',
  'distributed-mandelbrot/client_graphics.py': 'draws in a window; client_asciizoom.py makes the same calls',
};
