import { z } from "zod";
import { evidenceOf, measure, type Impression } from "../impression.ts";
import { answerTo, type Skill } from "./skill.ts";

/** What is decided about a photo. */
export interface Verdict {
  readonly decision: "publish" | "hide" | "refuse";
  readonly findings: readonly string[];
}

const Asked = z.object({ kind: z.enum(["photo", "video"]) });
const DARK = 24;
const EMPTY = 2;
const BLURRED = 0.15;
const SMALL = 64;

/** Judges photos by what can be measured of them: empty ones are refused, dark and blurred ones hidden. */
export const moderate: Skill = {
  type: "gallery.moderate-photos",
  async do(item, { look }) {
    if (Asked.parse(item.input).kind === "video") {
      // Nothing here looks at films: people do.
      const result: Verdict = { decision: "hide", findings: ["a film, which nobody has looked at"] };
      return { result, evidence: [], ...answerTo(item) };
    }
    const impression = await measure(await look());
    return { result: judge(impression), evidence: [evidenceOf(impression)], ...answerTo(item) };
  },
};

/** What becomes of a photo that gives an impression. */
export function judge({ width, height, brightness, contrast, sharpness }: Impression): Verdict {
  if (contrast < EMPTY) return { decision: "refuse", findings: ["nothing is on it"] };
  const findings = [
    ...(Math.min(width, height) < SMALL ? ["too small"] : []),
    ...(brightness < DARK ? ["too dark"] : []),
    ...(sharpness < BLURRED ? ["blurred"] : []),
  ];
  return findings.length > 0 ? { decision: "hide", findings } : { decision: "publish", findings: ["clear to see"] };
}
