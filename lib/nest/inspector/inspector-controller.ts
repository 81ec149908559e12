import { Controller, Get, Inject, Post, Req, Res, SetMetadata, type Type, UseGuards, VERSION_NEUTRAL } from '@nestjs/common';
import { InspectorHost } from './inspector-host.js';
import type { PlatformRequest, PlatformResponse } from './inspector-host.js';
import type { PyroInspectorPlace } from './inspector-module-options.js';

/** The key of `@ApiExcludeController()` of @nestjs/swagger. */
const EXCLUDED_FROM_SWAGGER = 'swagger/apiExcludeController';

/**
 * Makes the controller of an inspector. Its guards are guards of Nest, and the guards of the application run before them.
 *
 * The methods answer by the response itself: interceptors and filters that change every answer of the application would break the page.
 */
export function inspectorController({ path, guards }: Required<PyroInspectorPlace>): Type {
  @Controller({ path, version: VERSION_NEUTRAL })
  @SetMetadata(EXCLUDED_FROM_SWAGGER, [true])
  @UseGuards(...(guards === 'global' ? [] : guards))
  class PyroInspectorController {
    constructor(@Inject(InspectorHost) private readonly host: InspectorHost) {}

    @Get()
    page(@Req() request: PlatformRequest, @Res() response: PlatformResponse): Promise<void> {
      return this.host.get('', request, response);
    }

    @Get('snapshot')
    snapshot(@Req() request: PlatformRequest, @Res() response: PlatformResponse): Promise<void> {
      return this.host.get('snapshot', request, response);
    }

    @Get('events')
    events(@Req() request: PlatformRequest, @Res() response: PlatformResponse): Promise<void> {
      return this.host.get('events', request, response);
    }

    @Post('call')
    call(@Req() request: PlatformRequest, @Res() response: PlatformResponse): Promise<void> {
      return this.host.post('call', request, response);
    }

    @Post('stream')
    stream(@Req() request: PlatformRequest, @Res() response: PlatformResponse): Promise<void> {
      return this.host.post('stream', request, response);
    }
  }
  return PyroInspectorController;
}
