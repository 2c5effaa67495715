import type { Rule } from "./rule.ts";

/** Refused combinations of the settings of media. */
export const mediaRules: readonly Rule[] = [
  {
    paths: ["media.scanner.engine"],
    profile: "production",
    refuses: "A scanner that happens not to be there at the start must not mean that nothing is scanned.",
    fix: "Set media.scanner.engine to clamd, or to none with a reason.",
    broken: ({ media }) => media.scanner.engine === "auto",
  },
  {
    paths: ["media.scanner.noneReason", "media.scanner.engine"],
    profile: "production",
    refuses: "Publishing what nothing has scanned is a decision that somebody has to stand by.",
    fix: "Set media.scanner.noneReason to why, or media.scanner.engine to clamd.",
    broken: ({ media }) => media.scanner.engine === "none" && media.scanner.noneReason === undefined,
  },
];
