import { Injectable, type OnModuleDestroy } from '@nestjs/common';

/** Something that objects need to the end, such as a database. */
@Injectable()
export class Logbook implements OnModuleDestroy {
  private isOpen = true;

  write(line: string): void {
    if (!this.isOpen) throw new Error('the logbook is closed');
    console.log(`logbook: ${line}`);
  }

  onModuleDestroy(): void {
    this.isOpen = false;
    console.log('logbook: closed');
  }
}
