import type { MethodParameter } from '../../objects/argument-binder.js';
import type { MemberSnapshot } from '../../daemon/contract/snapshot.js';

/** A member as a person would write it down. */
export function signatureOf(member: MemberSnapshot): string {
  if (member.kind === 'attribute') {
    const access = member.isReadable ? (member.isWritable ? '' : ' (read only)') : ' (write only)';
    return `${member.name}${access}`;
  }
  const parameters = member.parameters?.map(parameterText).join(', ') ?? '…';
  return `${member.name}(${parameters})${member.isOneway ? ' (oneway)' : ''}`;
}

function parameterText({ name, kind, isRequired, type }: MethodParameter, index: number): string {
  if (kind === 'rest') return '…';
  if (kind === 'keywords') return '**keywords';
  return `${name ?? `argument ${index + 1}`}${isRequired ? '' : '?'}${type ? `: ${type}` : ''}`;
}
