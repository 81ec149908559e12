import type { ExecutionContext } from '@nestjs/common';
import type { McpContext } from '@rekog/mcp-nest';
import { PyroContext } from 'nestjs-pyro';
import type { Person } from './people.service.js';

/** The part of a request of Express that this sample uses. */
export interface HttpRequest {
  headers: Record<string, string | undefined>;
  /** Set by the token guard. */
  user?: Person;
}

/** Who calls, by Pyro, REST or MCP. Undefined if no token guard has let the client in. */
export function personOf(context: ExecutionContext): Person | undefined {
  if (context.getType() === 'http') return context.switchToHttp().getRequest<HttpRequest>().user;
  const call = context.switchToRpc().getContext<PyroContext | McpContext>();
  return call instanceof PyroContext ? (call.principal as Person | undefined) : call.getRawRequest<HttpRequest>()?.user;
}
