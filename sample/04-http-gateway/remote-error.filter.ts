import {
  type ArgumentsHost,
  BadGatewayException,
  BadRequestException,
  Catch,
  type ExceptionFilter,
  type HttpException,
  ServiceUnavailableException,
} from '@nestjs/common';
import { CommunicationError, PyroRemoteError } from 'nestjs-pyro';

/** What of Express is used here. */
interface Response {
  status(code: number): { json(body: unknown): void };
}

/** What errors of Python's are in HTTP: a ValueError is the client's fault, everything else is behind the gateway. */
@Catch(PyroRemoteError, CommunicationError)
export class RemoteErrorFilter implements ExceptionFilter<PyroRemoteError | CommunicationError> {
  catch(error: PyroRemoteError | CommunicationError, host: ArgumentsHost): void {
    const exception = httpExceptionOf(error);
    host.switchToHttp().getResponse<Response>().status(exception.getStatus()).json(exception.getResponse());
  }
}

function httpExceptionOf(error: PyroRemoteError | CommunicationError): HttpException {
  if (error instanceof CommunicationError) return new ServiceUnavailableException('the thermostat is away');
  if (error.pythonType === 'builtins.ValueError') return new BadRequestException(error.args.join(', '));
  return new BadGatewayException('the thermostat failed');
}
