/** Written by `scripts/build-inspector.ts`: the code of `page/` and the library that it uses, in one file. */
export declare const script: string;
export declare const style: string;
