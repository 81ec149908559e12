import { crc32 } from 'node:zlib';
import { Ctx } from '@nestjs/microservices';
import { PyroContext, PyroController, PyroMethod, pyTuple, type PyTuple } from 'nestjs-pyro';
import { BlobServer } from './blob-server.js';

const ANNOTATION_BYTES = 500_000;

/** Four ways to send much data to a client. */
@PyroController({ objectId: 'example.filetransfer', naming: 'snake_case' })
export class FileServer {
  constructor(private readonly blobs: BlobServer) {}

  @PyroMethod()
  getWithPyro(size: number): Buffer {
    return Buffer.alloc(size, 'x');
  }

  @PyroMethod()
  *iterator(size: number): Generator<Buffer> {
    const data = Buffer.alloc(size, 'x');
    const chunkBytes = Math.floor(size / 100);
    for (let start = 0; start < size; start += chunkBytes) yield data.subarray(start, start + chunkBytes);
  }

  /** The bytes travel as annotations of the items: no serializer reads or copies them. */
  @PyroMethod()
  *annotationStream(@Ctx() context: PyroContext, withChecksum = false): Generator<PyTuple> {
    const file = Buffer.alloc(55_000_000, '1234567890!');
    for (let start = 0; start < file.length; start += ANNOTATION_BYTES) {
      const chunk = file.subarray(start, start + ANNOTATION_BYTES);
      context.responseAnnotations.set('FDAT', chunk);
      yield pyTuple(start + chunk.length, withChecksum ? crc32(chunk) : 0);
    }
  }

  @PyroMethod()
  async prepareFileBlob(size: number): Promise<PyTuple> {
    return pyTuple(await this.blobs.prepare(size), pyTuple(...this.blobs.address));
  }
}
