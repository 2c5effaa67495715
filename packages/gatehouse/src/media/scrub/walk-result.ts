import type { MediaType } from "./media-type.ts";
import type { Misfit } from "./misfit.ts";
import type { ScrubPlan } from "./scrub-plan.ts";

/** Kinds of data about data, as they were met and will be gone. */
export type MetadataKind =
  | "application-data"
  | "comment"
  | "creation-time"
  | "exif"
  | "free-space"
  | "iptc"
  | "location"
  | "maker-data"
  | "names"
  | "multi-picture"
  | "text"
  | "thumbnail"
  | "timed-metadata"
  | "trailing-data"
  | "unreferenced-data"
  | "xmp";

/** What a file says of itself before anything of it is decoded. Bounds are checked against these. */
export interface MediaFacts {
  /** In pixels, as stored: before turning by the orientation. The largest of all the pictures that are in it. */
  readonly width: number;
  readonly height: number;
  /** As in Exif: 1 to 8. */
  readonly orientation: number;
  /** Pictures that are shown one after the other: 1 for a still. */
  readonly frames: number;
  /** In milliseconds; `undefined` for stills. */
  readonly duration: number | undefined;
}

/** What a walk over a file comes to. */
export type WalkResult =
  /** Its structure is understood whole; `plan` takes out everything that is not on the list of what may stay. */
  | {
      readonly verdict: "lossless";
      readonly type: MediaType;
      readonly facts: MediaFacts;
      readonly found: ReadonlySet<MetadataKind>;
      /** Bytes behind the end of the picture: what makes polyglots. They are cut off. */
      readonly trailing: number;
      readonly plan: ScrubPlan;
    }
  /** Sound as far as was looked, but made in a way that is not scrubbed losslessly: decode it and encode it anew. */
  | { readonly verdict: "re-encode"; readonly type: MediaType; readonly misfit: Misfit }
  /** Broken, cut short, or made by somebody who is up to something. */
  | { readonly verdict: "suspicious"; readonly type: MediaType; readonly misfit: Misfit }
  /** No picture and no video that we know: not to be decoded by anything. */
  | { readonly verdict: "unknown" };
