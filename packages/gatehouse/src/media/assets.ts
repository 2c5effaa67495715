import { createHash } from "node:crypto";
import type { AssetState, MediaAsset, MediaVariant } from "../kernel/ports/media-assets.ts";
import { MEDIA_EXTENSIONS, type MediaType } from "./scrub/media-type.ts";

/** The forms of an asset: small ones for lists, large ones for looking, and the file itself without its metadata. */
export const VARIANTS = ["thumb", "view", "original"] as const;
/** One of the forms of an asset. */
export type VariantName = (typeof VARIANTS)[number];

/** Types that are published; TIFF is understood and refused. */
export const PUBLISHED_TYPES: ReadonlySet<MediaType> = new Set<MediaType>([
  ...(["image/jpeg", "image/png", "image/gif", "image/webp", "image/heic", "image/avif"] as const),
  ...(["video/mp4", "video/quicktime"] as const),
]);

/** States of assets that a job may still be working on. */
export const OPEN_STATES = ["received", "scanning", "clean", "held"] as const satisfies readonly AssetState[];

/** Why an asset is held. */
export const HELD = {
  /** Nothing has scanned it: the scanner is away, or what it knows is old. */
  scanner: "scanner",
  /** Its collection is moderated, and nobody has looked yet. */
  moderation: "moderation",
  /** Somebody took it out of sight. */
  hidden: "hidden",
  /** An operator took it out of sight, and only one lets it back. */
  operator: "operator",
  /** It was published, and can be scanned no more. */
  unscannable: "unscannable",
  /** Processing it failed again and again. */
  failed: "failed",
} as const;

/** Held files that were made all forms of, of which the scanner has said they are clean. */
const HELD_COMPLETE: readonly string[] = [HELD.moderation, HELD.hidden, HELD.operator, HELD.unscannable];

/** Held files about which nobody but an operator decides. */
const OPERATORS_ONLY: readonly string[] = [HELD.operator, HELD.unscannable];

/** Whether a file was published or could be by somebody's word. */
export function isComplete({ state, reason }: Pick<MediaAsset, "state" | "reason">): boolean {
  return state === "published" || (state === "held" && HELD_COMPLETE.includes(reason));
}

/** Whether a job has a file in hands: what it makes would be left behind by whoever takes the file away meanwhile. */
export function isBusy({ state }: Pick<MediaAsset, "state">): boolean {
  return state === "scanning" || state === "clean";
}

/** Whether nobody but an operator decides about a file. */
export function isWithheld({ state, reason }: Pick<MediaAsset, "state" | "reason">): boolean {
  return state === "held" && OPERATORS_ONLY.includes(reason);
}

const TENANT_DIGITS = 16;

/** Where a form of an asset is kept at a storage target. */
export function variantKey({ tenant, id }: Pick<MediaAsset, "tenant" | "id">, variant: string): string {
  return `${createHash("sha256").update(tenant).digest("hex").slice(0, TENANT_DIGITS)}/${id}/${variant}`;
}

/** Every key that an asset may have at a storage target. */
export function variantKeys(asset: Pick<MediaAsset, "tenant" | "id">): readonly string[] {
  return VARIANTS.map((name) => variantKey(asset, name));
}

const PICTURES = ["jpg", "jpeg", "jpe", "jfif", "png", "gif", "webp", "heic", "heif", "hif", "avif", "tif", "tiff"];
const VIDEOS = ["mp4", "m4v", "mov", "qt", "3gp"];
const EXTENSION = /\.([^.]{1,16})$/;

/**
 * Whether a name fits what its file is. Phones and messengers mix up the formats of pictures, which does no harm as
 * names are made anew; a picture that calls itself a program is refused. A name without an extension promises nothing.
 */
export function isNameOf(name: string, type: MediaType): boolean {
  const extension = EXTENSION.exec(name.trim())?.[1]?.toLowerCase();
  return extension === undefined || (type.startsWith("image/") ? PICTURES : VIDEOS).includes(extension);
}

const TYPE_EXTENSIONS: Readonly<Record<string, string>> = MEDIA_EXTENSIONS;

/** Controls, separators of paths, and the marks by which text runs backwards and hides how a name ends. */
const UNFIT = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}/\\:*?"<>|]/gu;
const LONGEST_STEM = 100;

/** The name under which a form of an asset is saved: its sender's, made harmless, with the extension of what it is. */
export function savedName({ name, id }: Pick<MediaAsset, "name" | "id">, { type }: Pick<MediaVariant, "type">): string {
  const plain = name
    .replaceAll(UNFIT, "")
    .replace(/^[. ]+/, "")
    .replace(EXTENSION, "");
  const stem = [...plain].slice(0, LONGEST_STEM).join("").trimEnd();
  return `${stem === "" ? id : stem}.${TYPE_EXTENSIONS[type] ?? "bin"}`;
}

/**
 * How the audit trail names an asset: with the dashes of a UUID. Without them it looks like a key, of which the trail
 * keeps none.
 */
export function assetTarget(id: string): string {
  return `asset:${id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")}`;
}
