import type { Profile } from "./kind.ts";
import type { Config, OptionPath } from "./types.ts";

/** A combination of settings that is refused. */
export interface Rule {
  /** The options it looks at; the first is the one to change. */
  readonly paths: readonly [OptionPath, ...OptionPath[]];
  /** The profile it holds in; in both when absent. */
  readonly profile?: Profile;
  /** What is refused, for the reference page. */
  readonly refuses: string;
  /** How to mend it. */
  readonly fix: string;
  readonly broken: (config: Config, now: number) => boolean;
}
