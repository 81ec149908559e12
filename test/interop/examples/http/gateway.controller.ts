import { Controller, Get, Header, Headers, Inject, Param, Query } from '@nestjs/common';
import { kwargs, PyroProxy, PyroUri, type RemoteObject, type UntypedRemote } from 'nestjs-pyro';
import type { NameServerAddress } from 'nestjs-pyro/core';

/** Token of the name server's address. */
export const NAME_SERVER = Symbol('name server');

const JSON_TYPE = 'application/json; charset=utf-8';

/** Lets HTTP clients call Pyro objects: `/pyro/NAME/METHOD?argument=value` returns JSON. */
@Controller('pyro')
export class GatewayController {
  constructor(@Inject(NAME_SERVER) private readonly nameServer: NameServerAddress) {}

  @Get(':object/$meta')
  async metadata(@Param('object') name: string): Promise<unknown> {
    await using object = await this.connect(name);
    const { methods, attrs } = object.$metadata!;
    return { methods: [...methods], attributes: [...attrs] };
  }

  @Get(':object/:member')
  @Header('Content-Type', JSON_TYPE)
  async call(
    @Param('object') name: string,
    @Param('member') member: string,
    @Query() query: Record<string, string>,
    @Headers('x-pyro-options') options = '',
  ): Promise<string> {
    await using object = await this.connect(name);
    const { oneway, attrs } = object.$metadata!;
    if (attrs.has(member)) return JSON.stringify(await object.$get(member), inJson);
    const isOneway = oneway.has(member) || options.split(',').includes('oneway');
    const result = await object.$with({ oneway: isOneway }).$call(member, kwargs(query));
    return isOneway ? '' : JSON.stringify(result ?? null, inJson);
  }

  private connect(name: string): Promise<RemoteObject<UntypedRemote>> {
    return PyroProxy.connect(`PYRONAME:${name}`, { nameServer: this.nameServer });
  }
}

/** URIs are written as Pyro5's own JSON has them. */
function inJson(_key: string, value: unknown): unknown {
  return value instanceof PyroUri ? { __class__: 'Pyro5.core.URI', state: value.toState() } : value;
}
