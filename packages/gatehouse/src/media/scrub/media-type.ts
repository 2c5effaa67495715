/** The types that are told by their content. Of TIFF no lossless scrub is known; it has to be encoded anew. */
export type MediaType =
  | "image/jpeg"
  | "image/png"
  | "image/gif"
  | "image/webp"
  | "image/heic"
  | "image/avif"
  | "image/tiff"
  | "video/mp4"
  | "video/quicktime";

/** How much of a file's beginning {@link identifyMedia} looks at. */
export const MEDIA_HEAD_BYTES = 256;

/** The extension that files of a type are saved under. */
export const MEDIA_EXTENSIONS: Readonly<Record<MediaType, string>> = {
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/gif": "gif",
  "image/webp": "webp",
  "image/heic": "heic",
  "image/avif": "avif",
  "image/tiff": "tif",
  "video/mp4": "mp4",
  "video/quicktime": "mov",
};

const BEGINNINGS: readonly (readonly [MediaType, RegExp])[] = [
  ["image/jpeg", /^\xff\xd8\xff/],
  ["image/png", /^\x89PNG\r\n\x1a\n/],
  ["image/gif", /^GIF8[79]a/],
  ["image/webp", /^RIFF[^]{4}WEBP/],
  ["image/tiff", /^(II[*+]\0|MM\0[*+])/],
  // QuickTime before brands existed.
  ["video/quicktime", /^[^]{4}(moov|mdat|wide|free|skip|pnot)/],
];

const AVIF = new Set(["avif", "avis"]);
const HEIC = new Set(["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"]);
const VIDEO =
  /^(iso[m2-9a-c]|mp4[12]|avc1|av01|hvc1|M4V[ HP]|3g[pegrs2][0-9a-f]|dash|MSNV|XAVC|mmp4|f4v |NDS[CHMPSX])$/;

/** What a file is by its first {@link MEDIA_HEAD_BYTES} bytes; `undefined` for what none of our walkers understands. */
export function identifyMedia(head: Uint8Array): MediaType | undefined {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, MEDIA_HEAD_BYTES)).toString("latin1");
  if (text.slice(4, 8) === "ftyp") return typeOfBrands(text);
  return BEGINNINGS.find(([, beginning]) => beginning.test(text))?.[0];
}

/** The major brand decides where we know it, otherwise the first compatible one that we know. */
function typeOfBrands(text: string): MediaType | undefined {
  const bytes = Buffer.from(text.slice(0, 4), "latin1").readUInt32BE(0);
  const end = Math.min(text.length, bytes);
  for (let at = 8; at + 4 <= end; at += at === 8 ? 8 : 4) {
    const type = typeOfBrand(text.slice(at, at + 4), text);
    if (type !== undefined) return type;
  }
  return undefined;
}

function typeOfBrand(brand: string, text: string): MediaType | undefined {
  if (AVIF.has(brand)) return "image/avif";
  // These say only that it is a picture in this container: how it is coded stands further on.
  if (brand === "mif1" || brand === "mif2" || brand === "msf1")
    return /avi[fs]/.test(text) ? "image/avif" : "image/heic";
  if (HEIC.has(brand)) return "image/heic";
  if (brand === "qt  ") return "video/quicktime";
  return VIDEO.test(brand) ? "video/mp4" : undefined;
}
