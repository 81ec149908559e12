import { Controller, UseGuards } from '@nestjs/common';
import { McpHttpControllerFor, McpStrategy, StreamableHttpTransport } from '@rekog/mcp-nest';
import { TokenGuard } from './token.guard.js';

/** No session: each request stands for itself. `security` names the hosts of this app, so web pages of other sites are refused. */
const transport = new StreamableHttpTransport({ security: { allowedOrigins: 'localhost', allowedHosts: 'localhost' } });

/** Nest's transport for MCP, as PyroServer is the one for Pyro. */
export const mcp = new McpStrategy({ name: 'furnace', version: '1.0.0', transports: [transport] });

/** MCP clients send their requests to this route. It has the same token guard as the routes of REST. */
@Controller('mcp')
@UseGuards(TokenGuard)
export class McpEndpoint extends McpHttpControllerFor(transport) {}
