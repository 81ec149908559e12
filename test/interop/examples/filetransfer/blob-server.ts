import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';

const ID_BYTES = 36;
const CHUNK_BYTES = 100_000;

/** Sends prepared files over plain sockets: a client sends a file's id and gets its bytes, once. */
@Injectable()
export class BlobServer implements OnModuleInit, OnModuleDestroy {
  private readonly server = createServer((socket) => void this.serve(socket).catch(() => socket.destroy()));
  private readonly files = new Map<string, string>();
  private directory = '';

  async onModuleInit(): Promise<void> {
    this.directory = await mkdtemp(join(tmpdir(), 'blobs-'));
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
  }

  async onModuleDestroy(): Promise<void> {
    this.server.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  get address(): [host: string, port: number] {
    const { address, port } = this.server.address() as AddressInfo;
    return [address, port];
  }

  /** @returns id of a file of the given size */
  async prepare(size: number): Promise<string> {
    const id = randomUUID();
    const path = join(this.directory, id);
    await pipeline(Readable.from(chunks(size)), createWriteStream(path));
    this.files.set(id, path);
    return id;
  }

  private async serve(socket: Socket): Promise<void> {
    let id = '';
    while (id.length < ID_BYTES) id += String(((await once(socket, 'data')) as [Buffer])[0]);
    const path = this.files.get(id);
    if (path === undefined || !this.files.delete(id)) throw new Error('no data for given id');
    await pipeline(createReadStream(path, { highWaterMark: 512_000 }), socket);
    await rm(path);
  }
}

function* chunks(size: number): Generator<Buffer> {
  for (let left = size; left > 0; left -= CHUNK_BYTES) yield Buffer.alloc(Math.min(left, CHUNK_BYTES), 'x');
}
