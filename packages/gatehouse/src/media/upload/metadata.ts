/** What a sender says of an upload, by name. */
export type Metadata = ReadonlyMap<string, string>;

/** Characters of all of it. */
const LONGEST = 4_096;
const MOST_ENTRIES = 32;

/**
 * Reads the metadata of tus: pairs of a key and a value in base64, separated by commas. `undefined` where it is not
 * valid: keys that come twice, or say two things to two readers, are none.
 */
export function parseMetadata(text: string): Metadata | undefined {
  const metadata = new Map<string, string>();
  if (text === "") return metadata;
  if (text.length > LONGEST) return undefined;
  const entries = text.split(",");
  if (entries.length > MOST_ENTRIES) return undefined;
  for (const entry of entries) {
    const [, key, value = ""] = /^ ?([!-+\--~]+)(?: ([A-Za-z0-9+/]*={0,2}))?$/.exec(entry) ?? [];
    if (key === undefined || metadata.has(key)) return undefined;
    metadata.set(key, Buffer.from(value, "base64").toString("utf8"));
  }
  return metadata;
}
