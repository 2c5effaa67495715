/** Types that can be told by their first bytes. Text, SVG and HTML are not among them: they have no such mark. */
export type UploadType = keyof typeof TYPES;

/** Bytes from the beginning of a file by which its type is told. */
export const TYPE_BYTES = 64;

interface Kind {
  readonly endings: readonly [string, ...string[]];
  readonly matches: (head: Buffer) => boolean;
}

const TYPES = {
  "image/png": {
    endings: ["png"],
    // The first chunk of every PNG is its header, of 13 bytes.
    matches: (head) => starts(head, "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"),
  },
  "image/jpeg": {
    endings: ["jpg", "jpeg", "jpe", "jfif"],
    matches: (head) => starts(head, "\xff\xd8\xff") && (head[3] ?? 0) >= 0xc0 && head[3] !== 0xff,
  },
  "image/gif": { endings: ["gif"], matches: (head) => starts(head, "GIF87a") || starts(head, "GIF89a") },
  "image/webp": {
    endings: ["webp"],
    matches: (head) => starts(head, "RIFF") && starts(head, "WEBPVP8", 8),
  },
  "image/avif": { endings: ["avif"], matches: (head) => hasBrand(head, ["avif", "avis"]) },
  "image/heic": { endings: ["heic", "heif"], matches: (head) => hasBrand(head, ["heic", "heix", "heim", "heis"]) },
  "video/mp4": {
    endings: ["mp4", "m4v"],
    matches: (head) => hasBrand(head, ["isom", "iso2", "iso4", "iso5", "iso6", "mp41", "mp42", "avc1", "M4V "]),
  },
  "video/quicktime": { endings: ["mov", "qt"], matches: (head) => hasBrand(head, ["qt  "]) },
  "video/webm": {
    endings: ["webm"],
    matches: (head) => starts(head, "\x1a\x45\xdf\xa3") && head.includes("webm"),
  },
  "application/pdf": { endings: ["pdf"], matches: (head) => /^%PDF-\d\.\d/.test(head.toString("latin1")) },
} as const satisfies Readonly<Record<string, Kind>>;

// The keys of the table above are its type.
const entries = Object.entries(TYPES) as [UploadType, Kind][];

/** Whether a type is one that can be told by its content. */
export function isUploadType(type: string): type is UploadType {
  return Object.hasOwn(TYPES, type);
}

/** The type of a file by its first bytes, `undefined` where it is none of those that are known. */
export function typeOf(head: Uint8Array): UploadType | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, TYPE_BYTES));
  return entries.find(([, { matches }]) => matches(bytes))?.[0];
}

/** Endings of names that files of a type have, the usual one first. */
export function endingsOf(type: UploadType): readonly [string, ...string[]] {
  return TYPES[type].endings;
}

function starts(head: Buffer, mark: string, at = 0): boolean {
  return head.toString("latin1", at, at + mark.length) === mark;
}

/** The first box of an ISO base media file names what it is. */
function hasBrand(head: Buffer, brands: readonly string[]): boolean {
  return starts(head, "ftyp", 4) && brands.includes(head.toString("latin1", 8, 12));
}
