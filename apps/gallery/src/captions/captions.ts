import type { ReadTransaction, WriteTransaction } from "gatehouse/kernel";
import { z } from "zod";
import type { GalleryTables } from "../events/schema.ts";
import type { Language } from "../language.ts";

/** Characters of a caption, and of an alternative text. */
export const LONGEST_CAPTION = 300;

/** What is said of a photo in one language. */
export interface Caption {
  /** Shown below it. */
  readonly caption: string;
  /** Read to whoever does not see it. */
  readonly alt: string;
}

/** A photo within a tenant. */
export interface CaptionedPhoto {
  readonly tenant: string;
  readonly photo: string;
}

/** One language of a photo. */
export interface CaptionKey extends CaptionedPhoto {
  readonly language: Language;
}

/** Controls, separators of lines, and the marks by which text runs backwards or is not seen. Emoji are joined by one that may stay. */
const UNSEEN = /(?!\u200D)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** A caption or an alternative text, as somebody may write it. */
export const CaptionText = z
  .string()
  .max(LONGEST_CAPTION)
  .refine((text) => text.isWellFormed() && !UNSEEN.test(text), "It holds characters that are not seen.");

/** What is said of a photo in a language. */
export async function findCaption(
  transaction: ReadTransaction,
  { tenant, photo, language }: CaptionKey,
): Promise<Caption | undefined> {
  return transaction
    .query<GalleryTables>()
    .selectFrom("gallery_captions")
    .select(["caption", "alt"])
    .where("tenant", "=", tenant)
    .where("photo", "=", photo)
    .where("language", "=", language)
    .executeTakeFirst();
}

/** What is said of photos in a language, by photo. */
export async function findCaptions(
  transaction: ReadTransaction,
  { tenant, language, photos }: Pick<CaptionKey, "tenant" | "language"> & { readonly photos: readonly string[] },
): Promise<ReadonlyMap<string, Caption>> {
  if (photos.length === 0) return new Map();
  const rows = await transaction
    .query<GalleryTables>()
    .selectFrom("gallery_captions")
    .select(["photo", "caption", "alt"])
    .where("tenant", "=", tenant)
    .where("language", "=", language)
    .where("photo", "in", photos)
    .execute();
  return new Map(rows.map(({ photo, caption, alt }) => [photo, { caption, alt }]));
}

/** Says something of a photo, in place of what was said; nothing with `undefined`. */
export async function setCaption(
  transaction: WriteTransaction,
  { tenant, photo, language }: CaptionKey,
  said: Caption | undefined,
): Promise<void> {
  const tables = transaction.query<GalleryTables>();
  if (said === undefined) {
    await tables
      .deleteFrom("gallery_captions")
      .where("tenant", "=", tenant)
      .where("photo", "=", photo)
      .where("language", "=", language)
      .execute();
    return;
  }
  const { caption, alt } = said;
  await tables
    .insertInto("gallery_captions")
    .values({ tenant, photo, language, caption, alt })
    .onConflict((conflict) => conflict.columns(["tenant", "photo", "language"]).doUpdateSet({ caption, alt }))
    .execute();
}

/** Forgets what was said of a photo that is gone. */
export async function removeCaptions(transaction: WriteTransaction, { tenant, photo }: CaptionedPhoto): Promise<void> {
  await transaction
    .query<GalleryTables>()
    .deleteFrom("gallery_captions")
    .where("tenant", "=", tenant)
    .where("photo", "=", photo)
    .execute();
}
