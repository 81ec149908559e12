import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** Gives a socket the addresses of its host that were looked up before. */
export function lookupOf(addresses: readonly LookupAddress[]): LookupFunction {
  return (host, { all, family }, callback) => {
    const version = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : family;
    const fitting = addresses.filter((address) => !version || address.family === version);
    const [first] = fitting;
    // a socket expects no answer before its connect() has returned
    if (first === undefined)
      process.nextTick(callback, Object.assign(new Error(`${host} has no such address`), { code: 'ENOTFOUND' }), '');
    else if (all) process.nextTick(callback, null, fitting);
    else process.nextTick(callback, null, first.address, first.family);
  };
}
