import { suspicious, unusual } from "../misfit.ts";
import type { ScrubRecord } from "../scrub-record.ts";
import { boxesIn, freeHeldBox, zeroHeld, type HeldBox } from "./box.ts";

/** How many samples of a track are packed into how many bytes, where all are alike. */
export interface SampleShape {
  readonly samples: number;
  readonly bytes: number;
}

/** What a sample description says of a track. */
export interface SampleDescription {
  readonly shape: SampleShape;
  readonly width: number;
  readonly height: number;
}

/** Boxes in sample descriptions that decoding and colours need. */
const KEPT = new Set([
  ...["avcC", "hvcC", "lhvC", "vvcC", "av1C", "vpcC", "esds", "dvcC", "dvvC", "d263", "jpgC", "apvC", "SmDm", "CoLL"],
  ...["colr", "pasp", "clap", "fiel", "btrt", "gama", "mdcv", "clli", "ccst", "auxi", "amve", "hvcE", "vexu", "hfov"],
  ...["wave", "frma", "chan", "chnl", "dOps", "dfLa", "dac3", "dec3", "dac4", "alac", "damr", "srat", "pcmC", "enda"],
]);
const VIDEO_BYTES = 78;
const SOUND_BYTES = [28, 44, 64];
const NO_SHAPE: SampleShape = { samples: 1, bytes: 0 };

/** Walks over the entries of a sample description (`stsd`, from behind its size and type on). */
export function walkSampleDescription(box: HeldBox, handler: string, record: ScrubRecord): SampleDescription {
  if (box.content.length < 8) throw suspicious("sample description", box.start);
  const entries = boxesIn(box.content.subarray(8), box.body + 8);
  const descriptions = entries.map((entry) =>
    handler === "soun" ? walkSound(entry, record) : walkVideo(entry, record),
  );
  return {
    shape: descriptions.length === 1 ? (descriptions[0]?.shape ?? NO_SHAPE) : NO_SHAPE,
    width: Math.max(0, ...descriptions.map(({ width }) => width)),
    height: Math.max(0, ...descriptions.map(({ height }) => height)),
  };
}

/** Vendor and name of the compressor go. */
function walkVideo(entry: HeldBox, record: ScrubRecord): SampleDescription {
  const { content, body, type, start } = entry;
  if (type === "encv") throw unusual("encrypted", start);
  if (content.length < VIDEO_BYTES) throw suspicious("sample description", start);
  zeroHeld(record, { bytes: content.subarray(12, 16), at: body + 12, kind: "names" });
  zeroHeld(record, { bytes: content.subarray(42, 74), at: body + 42, kind: "names" });
  walkExtensions(entry, VIDEO_BYTES, record);
  return { shape: NO_SHAPE, width: content.readUInt16BE(24), height: content.readUInt16BE(26) };
}

function walkSound(entry: HeldBox, record: ScrubRecord): SampleDescription {
  const { content, body, type, start } = entry;
  if (type === "enca") throw unusual("encrypted", start);
  if (content.length < 28) throw suspicious("sample description", start);
  const version = content.readUInt16BE(8);
  const bytes = SOUND_BYTES[version];
  if (bytes === undefined || content.length < bytes) throw suspicious("sample description", start);
  zeroHeld(record, { bytes: content.subarray(12, 16), at: body + 12, kind: "names" });
  walkExtensions(entry, bytes, record);
  return { shape: soundShape(content, version, type), width: 0, height: 0 };
}

const PLAIN_SOUND = new Set(["raw ", "sowt", "twos", "in24", "in32", "fl32", "fl64", "ulaw", "alaw"]);

/** By QuickTime File Format, "Sound sample descriptions": three versions that say it in three ways. */
function soundShape(content: Buffer, version: number, type: string): SampleShape {
  if (version === 2) return { samples: content.readUInt32BE(60) || 1, bytes: content.readUInt32BE(56) };
  if (version === 1) {
    const samples = content.readUInt32BE(28);
    return samples === 0 ? NO_SHAPE : { samples, bytes: content.readUInt32BE(36) };
  }
  if (!PLAIN_SOUND.has(type)) return NO_SHAPE;
  return { samples: 1, bytes: Math.ceil((content.readUInt16BE(16) * content.readUInt16BE(18)) / 8) };
}

function walkExtensions({ content, body }: HeldBox, from: number, record: ScrubRecord): void {
  const extensions = content.subarray(from);
  // QuickTime may end a list of atoms by four zeros, and pads.
  const end = extensions.length % 4 === 0 || extensions.length > 8 ? lastBoxEnd(extensions) : 0;
  for (const box of boxesIn(extensions.subarray(0, end), body + from)) {
    if (!KEPT.has(box.type)) freeHeldBox(box, record);
  }
  zeroHeld(record, { bytes: extensions.subarray(end), at: body + from + end, kind: "application-data" });
}

/** Where the list of boxes ends: at a size of zero, or where there is no room for another. */
function lastBoxEnd(extensions: Buffer): number {
  let at = 0;
  while (at + 8 <= extensions.length && extensions.readUInt32BE(at) !== 0) at += extensions.readUInt32BE(at);
  return Math.min(at, extensions.length);
}
