import { Catch, HttpException, type RpcExceptionFilter } from '@nestjs/common';
import { type Observable, throwError } from 'rxjs';

/**
 * Tells MCP clients why a guard, a pipe or a method refused a call. Without it they read "Internal server error", as they still do for
 * errors that are no HttpException.
 */
@Catch(HttpException)
export class McpMessagesFilter implements RpcExceptionFilter<HttpException> {
  catch(exception: HttpException): Observable<never> {
    const response = exception.getResponse();
    const given = typeof response === 'object' && 'message' in response ? response.message : exception.message;
    const message = Array.isArray(given) ? given.join('\n') : String(given);
    return throwError(() => ({ status: 'error', message }));
  }
}
