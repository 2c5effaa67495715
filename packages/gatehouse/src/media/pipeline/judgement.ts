import type { AssetFindings, AssetState, MediaAsset } from "../../kernel/ports/media-assets.ts";
import { isNameOf, PUBLISHED_TYPES } from "../assets.ts";
import type { ScannerVersion } from "../scan/scanner.ts";
import type { WalkResult } from "../scrub/walk-result.ts";
import type { Inspection } from "./inspection.ts";

/** Bounds of what is published. */
export interface MediaLimits {
  /** The most pixels of a picture, and of one frame. */
  readonly pixels: number;
  /** The most frames of a moving picture. */
  readonly frames: number;
}

/** What becomes of a file that was looked at. */
export type Judgement =
  | {
      readonly kind: "publish";
      readonly walk: Exclude<WalkResult, { readonly verdict: "unknown" | "suspicious" }>;
      /** `undefined` where there is no scanner. */
      readonly by: ScannerVersion | undefined;
      readonly findings: AssetFindings;
    }
  | {
      readonly kind: "condemn";
      readonly signature: string;
      readonly by: ScannerVersion;
      readonly findings: AssetFindings;
    }
  | { readonly kind: "wait"; readonly reason: string; readonly findings: AssetFindings }
  | {
      readonly kind: "refuse";
      readonly state: Extract<AssetState, "rejected" | "unscannable" | "suspicious">;
      readonly reason: string;
      readonly findings: AssetFindings;
    };

/**
 * Decides by what was seen. Malware comes first, whatever else a file is; then what no scanner can change; then whether
 * a scanner found it clean. Nothing that is not understood is published.
 */
export function judge(asset: MediaAsset, inspection: Inspection, limits: MediaLimits): Judgement {
  const { scan, walk, sha256 } = inspection;
  const findings = findingsOf(inspection);
  const refuse = (state: "rejected" | "unscannable" | "suspicious", reason: string): Judgement => ({
    kind: "refuse",
    ...{ state, reason, findings },
  });
  if (scan?.verdict === "infected") return { kind: "condemn", signature: scan.signature, by: scan.by, findings };
  if (inspection.bytes !== asset.bytes) return refuse("rejected", "damaged: it is not as long as what was received");
  if (asset.announcedSha256 !== undefined && asset.announcedSha256 !== sha256) {
    return refuse("rejected", "damaged: it does not have the digest its sender announced");
  }
  const misfit = misfitOf(asset, walk, limits);
  if (misfit !== undefined) return refuse("rejected", misfit);
  if (scan?.verdict === "unavailable") return { kind: "wait", reason: scan.reason, findings };
  if (scan?.verdict === "unscannable") return refuse("unscannable", scan.reason);
  if (walk.verdict === "suspicious") return refuse("suspicious", `${walk.misfit.reason} at ${walk.misfit.at}`);
  if (walk.verdict === "unknown") return refuse("rejected", "type: it is neither a picture nor a video");
  return { kind: "publish", walk, by: scan?.by, findings };
}

/** What no scanner's word changes. */
function misfitOf({ name }: MediaAsset, walk: WalkResult, { pixels, frames }: MediaLimits): string | undefined {
  if (walk.verdict === "unknown") return "type: it is neither a picture nor a video";
  if (!PUBLISHED_TYPES.has(walk.type)) return `type: ${walk.type} is not published`;
  if (!isNameOf(name, walk.type)) return `name: its extension is not one of ${walk.type}`;
  if (walk.verdict !== "lossless" || !walk.type.startsWith("image/")) return undefined;
  const { facts } = walk;
  if (facts.width * facts.height > pixels) return `size: ${facts.width} by ${facts.height} pixels are too many`;
  return facts.frames > frames ? `size: ${facts.frames} frames are too many` : undefined;
}

/** The first orientation that lies on its side. */
const TURNED = 5;

function findingsOf({ sha256, walk }: Inspection): AssetFindings {
  if (walk.verdict === "unknown") return { sha256 };
  if (walk.verdict !== "lossless") return { sha256, type: walk.type };
  const { width, height, orientation, frames, duration } = walk.facts;
  const turned = orientation >= TURNED;
  return {
    ...{ sha256, type: walk.type, frames, scrubbed: [...walk.found].toSorted() },
    ...(turned ? { width: height, height: width } : { width, height }),
    ...(duration === undefined ? {} : { duration }),
  };
}
