import { Module } from '@nestjs/common';
import { Furnace } from './furnace.object.js';
import { McpEndpoint } from './mcp.js';
import { People } from './people.service.js';

@Module({ controllers: [Furnace, McpEndpoint], providers: [People] })
export class AppModule {}
