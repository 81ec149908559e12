import { Body, Get, HttpCode, Post, UseGuards, UsePipes, ValidationPipe } from '@nestjs/common';
import { McpController, Tool } from '@rekog/mcp-nest';
import { PyroController, PyroKwargs, PyroMethod, UseHandshakeGuards } from 'nestjs-pyro';
import { schemaOf } from './dto-schema.js';
import { HeatDto } from './heat.dto.js';
import { Roles, RolesGuard } from './roles.guard.js';
import { TokenGuard } from './token.guard.js';

export interface FurnaceStatus {
  celsius: number;
  minutes: number;
  gas: string;
}

/** Python programs, HTTP clients and language models use the same furnace, by Pyro, REST and MCP. */
@PyroController({ objectId: 'example.furnace', instanceMode: 'single' })
@UseHandshakeGuards(TokenGuard)
@McpController('furnace')
@UseGuards(TokenGuard, RolesGuard)
@UsePipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true }))
export class Furnace {
  private now: FurnaceStatus = { celsius: 20, minutes: 0, gas: 'air' };

  @PyroMethod()
  @Get()
  @Tool({ name: 'furnace_status', description: 'Reads the target temperature of the furnace, the minutes and the gas.' })
  status(): FurnaceStatus {
    return this.now;
  }

  @PyroMethod()
  @Post('heat')
  @HttpCode(200)
  @Tool({ name: 'heat_furnace', description: 'Heats the furnace. Operators only.', parameters: schemaOf(HeatDto) })
  @Roles(['operator'])
  heat(@Body() @PyroKwargs() order: HeatDto): FurnaceStatus {
    this.now = { celsius: order.celsius, minutes: order.minutes, gas: order.gas ?? 'air' };
    return this.now;
  }
}
