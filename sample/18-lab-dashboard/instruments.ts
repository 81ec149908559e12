/** The tokens of the Python objects, and their members as TypeScript sees them. */
export const THERMOMETER = Symbol('thermometer');
export const BALANCE = Symbol('balance');
export const GAUGE = Symbol('gauge');

export interface Thermometer {
  celsius(): number;
}

export interface Balance {
  readonly grams: number;
}

export interface PressureGauge {
  readings(): Iterator<number>;
}
