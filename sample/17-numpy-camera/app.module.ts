import { type DynamicModule, Module } from '@nestjs/common';
import { PyroModule } from 'nestjs-pyro';
import { CAMERA } from './camera.js';
import { Frames } from './frames.object.js';
import { PageController } from './page.controller.js';

@Module({})
export class AppModule {
  /** @param uri of the camera; in earnest `PYRONAME:example.camera`, from the configuration */
  static with(uri: string): DynamicModule {
    return {
      module: AppModule,
      // msgpack carries bytes as bytes; serpent, the default, carries base64 text
      imports: [PyroModule.forFeature([{ token: CAMERA, uri, serializer: 'msgpack' }])],
      controllers: [PageController],
      providers: [Frames],
    };
  }
}
