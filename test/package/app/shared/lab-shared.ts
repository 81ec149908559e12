// a shared library that brings its own copy of nestjs-pyro
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import {
  kwargs,
  PyComplex,
  PyroContext,
  PyroController,
  PyroException,
  pyFloat,
  PyroHandshakeContext,
  PyroKwargs,
  PyroMethod,
  PyroModule,
  PyroProperty,
  PyroProxy,
  PyroRemoteError,
  PyroUri,
  pyTuple,
  registerClass,
  SerializedBlob,
  UseHandshakeGuards,
} from 'nestjs-pyro';
import { behavior, callback, DaemonObject, expose, params, PyroDaemon, SecurityError, withCorrelationId } from 'nestjs-pyro/core';

@Injectable()
export class TokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const handshake = PyroHandshakeContext.from(context);
    handshake.setPrincipal('Ann');
    return handshake.data === 'secret';
  }
}

export class Sample {
  constructor(readonly mass: number) {}
}
registerClass(Sample, { name: 'lab.Sample', toDict: ({ mass }) => ({ mass }) });

/** An object of the library, which the application lists among its providers. */
@PyroController('shared.bench')
@UseHandshakeGuards(TokenGuard)
export class SharedBench {
  @PyroMethod() whose(): unknown {
    return PyroContext.current()?.principal;
  }
  @PyroMethod() search(text = 'everything', @PyroKwargs() options: Record<string, unknown> = {}): unknown {
    return [text, options];
  }
  @PyroProperty() get size(): number {
    return 3;
  }
}

/** An object that a factory of the application makes. */
@PyroController('shared.given')
export class SharedGiven {
  @PyroMethod() whose(): unknown {
    return PyroContext.current()?.objectId;
  }
}

/** The only object of an application. */
@PyroController({ objectId: 'shared.alone', instanceMode: 'single' })
export class SharedAlone {
  @PyroMethod() light(): number {
    return 1;
  }
}

/** Served by `register`: exposed by the library. */
@behavior({ instanceMode: 'single' })
export class SharedLamp {
  private calls = 0;
  @expose light(): number {
    return ++this.calls;
  }
  @expose @callback fall(): never {
    throw new Error('the lamp fell');
  }
  @expose @params('text', '**options') find(text: string, options: unknown): unknown {
    return [text, options];
  }
}

/** Values and errors that the library makes for methods of the application. */
export const made = {
  float: (): unknown => pyFloat(2),
  tuple: (): unknown => pyTuple(1, 2),
  complex: (): unknown => new PyComplex(1, -2),
  uri: (): unknown => new PyroUri('PYRO:a@host:1'),
  proxy: (): unknown => PyroProxy.to('PYRO:a@host:1'),
  sample: (): unknown => new Sample(5),
  blob: (): unknown => SerializedBlob.of('info', [1]),
};
export const thrown = {
  exception: (): Error => new PyroException('builtins.KeyError', ['k'], { attributes: { code: 7 } }),
  remote: (): Error => new PyroRemoteError('builtins.LookupError', ['gone']),
  security: (): Error => new SecurityError('no entry'),
};
export const currentOfLibrary = (): PyroContext | undefined => PyroContext.current();
export { kwargs as sharedKwargs, PyroContext as SharedContext, PyroRemoteError as SharedRemoteError, withCorrelationId };
export { PyroDaemon as SharedDaemon, PyroModule as SharedModule, PyroProxy as SharedProxy };
export { PyroKwargs as SharedKwargs, PyroMethod as SharedMethod, PyroProperty as SharedProperty };
export { UseHandshakeGuards as SharedGuards };

/** More members for the object `Pyro.Daemon` of a server. */
export class SharedDaemonObject extends DaemonObject {
  motto(): string {
    return 'shared';
  }
}
expose(SharedDaemonObject);
