import { Module } from '@nestjs/common';
import { PyroModule } from 'nestjs-pyro';
import { CAMERA } from './camera.js';
import { Frames } from './frames.object.js';
import { PageController } from './page.controller.js';

/** In earnest the URI is `PYRONAME:example.camera`, and comes from the configuration. */
const uri = process.argv[2] ?? 'PYRO:example.camera@127.0.0.1:9998';

@Module({
  // msgpack carries bytes as bytes; serpent, the default, carries base64 text
  imports: [PyroModule.forFeature([{ token: CAMERA, uri, serializer: 'msgpack' }])],
  controllers: [PageController],
  providers: [Frames],
})
export class AppModule {}
