import type { InspectedMember, InspectedParameter } from '../contract/contract.js';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** A number of bytes with its unit. */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return '–';
  const unit = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1);
  const value = bytes / 1024 ** unit;
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** A time with its unit. */
export function durationText(ms: number): string {
  if (ms < 0.1) return `${Math.round(ms * 1_000)} µs`;
  if (ms < 1_000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A number as text; `–` for null. */
export function numberText(value: number | null): string {
  if (value === null) return '–';
  return Number.isInteger(value) ? value.toLocaleString('en') : value.toFixed(value < 10 ? 2 : 1);
}

/** A number of things: `1 call`, `2 calls`. */
export function countText(count: number, what: string): string {
  return `${numberText(count)} ${what}${count === 1 ? '' : 's'}`;
}

/** An id of an object as a part of the address of the page. Half of a surrogate pair, which an address cannot have, is replaced. */
export function hashOf(objectId: string): string {
  return encodeURIComponent(objectId.replace(/\p{Cs}/gu, '\ufffd'));
}

/** The time of day of a moment in ISO format. */
export function clockTime(at: string): string {
  return new Date(at).toLocaleTimeString('en-GB');
}

/** A member as a person would write it down. */
export function signatureOf(member: InspectedMember): string {
  if (member.kind === 'attribute') {
    const access = member.isReadable ? (member.isWritable ? '' : ' (read only)') : ' (write only)';
    return `${member.name}${member.type === undefined ? '' : `: ${member.type}`}${access}`;
  }
  const parameters = member.parameters?.map(parameterText).join(', ') ?? '…';
  const returns = member.returns === undefined ? '' : ` → ${member.returns}`;
  return `${member.name}(${parameters})${returns}${member.isOneway ? ' (oneway)' : ''}`;
}

function parameterText({ name, kind, isRequired, type }: InspectedParameter, index: number): string {
  if (kind === 'rest') return '…';
  if (kind === 'keywords') return '**keywords';
  return `${kind === 'keyword' ? '*, ' : ''}${name ?? `argument ${index + 1}`}${isRequired ? '' : '?'}${type ? `: ${type}` : ''}`;
}
