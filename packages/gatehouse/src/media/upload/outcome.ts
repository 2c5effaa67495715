import type { MediaAsset, MediaAssets } from "../../kernel/ports/media-assets.ts";
import type { ReadTransaction } from "../../kernel/ports/store.ts";
import { HELD } from "../assets.ts";

/** What became of a file that has arrived, as its sender is told. */
export type UploadOutcome = "waiting" | "approval" | "published" | "infected" | "unscannable" | "damaged" | "removed";

/** The field of answers that says it. */
export const OUTCOME_FIELD = "gatehouse-file";

/** What became of a file; `undefined` where something else than the pipeline has taken it over. */
export async function outcomeOf(
  assets: Pick<MediaAssets, "find">,
  transaction: ReadTransaction,
  id: string,
): Promise<UploadOutcome | undefined> {
  const asset = await assets.find(transaction, id);
  return asset === undefined ? undefined : saidOf(asset);
}

function saidOf({ state, reason }: MediaAsset): UploadOutcome {
  switch (state) {
    case "published":
    case "infected":
    case "unscannable":
      return state;
    case "suspicious":
      return "damaged";
    case "rejected":
      return reason.startsWith("moderated") ? "removed" : "damaged";
    case "held":
      return HELD_OUTCOMES[reason] ?? "removed";
    default:
      return "waiting";
  }
}

const HELD_OUTCOMES: Readonly<Record<string, UploadOutcome>> = {
  [HELD.scanner]: "waiting",
  [HELD.failed]: "waiting",
  [HELD.moderation]: "approval",
  [HELD.unscannable]: "unscannable",
};
