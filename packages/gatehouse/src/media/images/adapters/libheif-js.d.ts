/** The part of libheif-js that is used; the package itself describes only the bindings beneath. */
declare module "libheif-js/wasm-bundle.js" {
  interface Pixels {
    readonly width: number;
    readonly height: number;
    readonly data: Uint8ClampedArray;
  }
  interface HeifImage {
    get_width(): number;
    get_height(): number;
    is_primary(): boolean;
    display(into: Pixels, done: (filled: Pixels | null) => void): void;
  }
  const heif: { readonly HeifDecoder: new () => { decode(file: Uint8Array): readonly HeifImage[] } };
  export default heif;
}
