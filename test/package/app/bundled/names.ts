// top-level names of a module that is bundled with main.ts: a bundler renames the parameters that have the same names
export const offset = 3;
export const text = (): string => 'x';
export const axis1 = 1;
export const home = String(process.env['HOME']);
