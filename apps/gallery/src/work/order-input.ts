import { z } from "zod";

/** The last part of an event's address. */
export const Slug = z.string().min(1).max(100);
/** A photo or a video. */
export const PhotoId = z.string().regex(/^[0-9a-f]{32}$/, "A photo is named by 32 hexadecimal digits.");
/** Some of an event's photos. */
export const PhotoIds = z.array(PhotoId).min(1).max(200);
