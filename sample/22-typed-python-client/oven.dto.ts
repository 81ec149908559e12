import { PyroClass, registerEnum } from 'nestjs-pyro';

export enum Gas {
  Air = 'air',
  Argon = 'argon',
}
registerEnum(Gas, 'lab.Gas');

/** A step of a programme. */
@PyroClass('lab.Step', { fields: { celsius: 'float', minutes: 'int', 'gas?': Gas } })
export class Step {
  celsius!: number;
  /** How long the step takes. */
  minutes!: number;
  gas?: Gas;
}

/** The state of the oven while it works. */
@PyroClass('lab.Reading', { fields: { step: Step, celsius: 'float' } })
export class Reading {
  constructor(
    readonly step: Step,
    readonly celsius: number,
  ) {}
}
