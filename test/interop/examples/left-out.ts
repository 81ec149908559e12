/** Folders of upstream's `examples/` that no client script can use against a server of ours, and why. */
export const leftOut: Readonly<Record<string, string>> = {
  socketpair: 'its scripts make both ends themselves, daemon and proxy; there is no server to replace',
};
