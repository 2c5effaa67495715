/** What a child process is asked to make of one picture. Paths are of files on this machine. */
export type PictureTask = DecodeTask | EncodeTask;

/** Turns a HEIC or AVIF picture into plain pixels: red, green, blue, alpha. */
export interface DecodeTask {
  readonly task: "decode";
  readonly type: "image/heic" | "image/avif";
  readonly source: string;
  readonly target: string;
  readonly pixels: number;
}

/** Turns a picture, or plain pixels, into others. */
export interface EncodeTask {
  readonly task: "encode";
  readonly source: string;
  /** Set where the source is plain pixels. */
  readonly raw?: { readonly width: number; readonly height: number; readonly orientation: number };
  /** The most pixels and channels it may have. */
  readonly pixels: number;
  readonly channels: number;
  readonly outputs: readonly PictureOutput[];
}

/** One picture to be made. */
export interface PictureOutput {
  readonly name: string;
  readonly target: string;
  /** Longest edge in pixels; the picture's own where absent. Nothing is made larger than it is. */
  readonly edge?: number;
  /** `original`: JPEG, or PNG where it has transparency. */
  readonly format: "webp" | "original";
}

/** One picture that was made. */
export interface MadePicture {
  readonly name: string;
  readonly target: string;
  readonly type: "image/webp" | "image/jpeg" | "image/png";
  readonly width: number;
  readonly height: number;
}

/** Why nothing was made. What the process itself cannot say any more, its parent says. */
export type PictureFault =
  /** It is no picture of its type, or a broken one. */
  | "undecodable"
  /** More pixels or channels than allowed. */
  | "too-large"
  /** The library for it is not installed. */
  | "not-installed"
  /** Took too long, too much memory, or ended the process. */
  | "timeout"
  | "memory"
  | "crashed";

/** What a child process answers. */
export type PictureAnswer =
  | { readonly ok: true; readonly pictures: readonly MadePicture[] }
  | { readonly ok: true; readonly width: number; readonly height: number }
  | { readonly ok: false; readonly fault: PictureFault; readonly detail: string };
