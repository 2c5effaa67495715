import { crc32, deflateSync } from "node:zlib";
import type { Random } from "gatehouse/kernel";

const EDGE = 128;
const CHANNELS = 3;

/** A photo of noise without any metadata: as it is sent, so it has to be delivered. Each is another. */
export function noisePhoto(random: Random): Buffer {
  const line = EDGE * CHANNELS;
  const noise = random.bytes(EDGE * line);
  const rows = Array.from({ length: EDGE }, (_, row) =>
    Buffer.concat([Buffer.of(0), noise.subarray(row * line, (row + 1) * line)]),
  );
  const header = Buffer.alloc(13);
  header.writeUInt32BE(EDGE, 0);
  header.writeUInt32BE(EDGE, 4);
  // Eight bits for each of three colours.
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.concat(rows))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, check]);
}

/** A photo that says where it was taken. */
export interface LocatedPhoto {
  readonly file: Buffer;
  /** Bytes of it that give the place away, by what they are. */
  readonly traces: Readonly<Record<string, Buffer>>;
}

/** A green JPEG of 64 by 48 pixels without metadata. */
const GREEN = Buffer.from(
  "/9j/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYV" +
    "FSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wAARCAAwAEADASIAAhEBAxEB/8QAFQABAQAA" +
    "AAAAAAAAAAAAAAAAAAT/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFgEBAQEAAAAAAAAAAAAAAAAAAAME/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/a" +
    "AAwDAQACEQMRAD8AqARZgAAAAAAAAAAAAAAAAAAAAAH/2Q==",
  "base64",
);
const MARK = "gatehouse-monitor-place";
const START_OF_IMAGE = 2;
const [APP1, COMMENT] = [0xe1, 0xfe];
const XMP = "http://ns.adobe.com/xap/1.0/\0";

/** A JPEG with its place in Exif, in XMP, in a comment and behind its end. */
export function locatedPhoto(): LocatedPhoto {
  const place = rationals([52, 31, 12, 13, 24, 36]);
  const xmp = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="52,31.2N" exif:GPSLongitude="13,24.6E"/></rdf:RDF></x:xmpmeta>`;
  const file = Buffer.concat([
    GREEN.subarray(0, START_OF_IMAGE),
    segment(APP1, Buffer.concat([Buffer.from("Exif\0\0", "latin1"), exif(place)])),
    segment(APP1, Buffer.from(XMP + xmp)),
    segment(COMMENT, Buffer.from(`${MARK} 52.52,13.41`)),
    GREEN.subarray(START_OF_IMAGE),
    Buffer.from(`${MARK} behind the end`),
  ]);
  const traces = {
    "the place in Exif": place,
    "the place in XMP": Buffer.from("GPSLatitude"),
    "the comment, or what is behind the end": Buffer.from(MARK),
  };
  return { file, traces };
}

function segment(marker: number, data: Buffer): Buffer {
  const head = Buffer.of(0xff, marker, 0, 0);
  head.writeUInt16BE(data.length + 2, 2);
  return Buffer.concat([head, data]);
}

const [ASCII, LONG, RATIONAL] = [2, 4, 5];
const [HEADER, ENTRY] = [8, 12];

/** A TIFF structure whose only entry leads to the directory of the place: 52° 31' 12" north, 13° 24' 36" east. */
function exif(place: Buffer): Buffer {
  const gpsAt = HEADER + 2 + ENTRY + 4;
  const valuesAt = gpsAt + 2 + 4 * ENTRY + 4;
  return Buffer.concat([
    Buffer.from("II*\0\b\0\0\0", "latin1"),
    directory([[0x88_25, LONG, 1, gpsAt]]),
    directory([
      [1, ASCII, 2, "N".charCodeAt(0)],
      [2, RATIONAL, 3, valuesAt],
      [3, ASCII, 2, "E".charCodeAt(0)],
      [4, RATIONAL, 3, valuesAt + place.length / 2],
    ]),
    place,
  ]);
}

type Entry = readonly [tag: number, type: number, count: number, value: number];

function directory(entries: readonly Entry[]): Buffer {
  const bytes = Buffer.alloc(2 + entries.length * ENTRY + 4);
  bytes.writeUInt16LE(entries.length, 0);
  for (const [index, [tag, type, count, value]] of entries.entries()) {
    const at = 2 + index * ENTRY;
    bytes.writeUInt16LE(tag, at);
    bytes.writeUInt16LE(type, at + 2);
    bytes.writeUInt32LE(count, at + 4);
    bytes.writeUInt32LE(value, at + 8);
  }
  return bytes;
}

function rationals(numerators: readonly number[]): Buffer {
  const bytes = Buffer.alloc(numerators.length * 8);
  for (const [index, numerator] of numerators.entries()) {
    bytes.writeUInt32LE(numerator, index * 8);
    bytes.writeUInt32LE(1, index * 8 + 4);
  }
  return bytes;
}

/**
 * The EICAR text: harmless, and malware to every scanner by agreement. It is the whole file, because by its
 * definition it stands at a file's beginning and scanners need not look for it elsewhere. In two pieces here, so that no scanner takes this source away.
 */
export const TEST_VIRUS: string = [
  String.raw`X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD`,
  "-ANTIVIRUS-TEST-FILE!$H+H*",
].join("");
