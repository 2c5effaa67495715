import type { Kind } from "./kind.ts";

/** A default that depends on an option listed earlier. */
export interface DefaultBy<Input> {
  readonly by: "profile" | "session.preset";
  readonly values: Readonly<Record<string, Input>>;
}

/** One option. Its default is written as a user would write it. */
export interface Option<Input = unknown, Value = unknown> {
  readonly kind: Kind<Input, Value>;
  /** One or two sentences: what it does. */
  readonly doc: string;
  readonly default: Input | DefaultBy<Input> | undefined;
  /** Name on the command line, without the dashes. */
  readonly flag: string | undefined;
  /** Never shown; may also come from a file named by the environment variable with `_FILE` appended. */
  readonly secret: boolean;
}

interface OptionDetails<Input> {
  readonly doc: string;
  readonly default?: Input | DefaultBy<Input>;
  readonly flag?: string;
  readonly secret?: true;
}

/** Declares an option. */
export function option<Input, Value>(
  kind: Kind<Input, Value>,
  details: OptionDetails<NoInfer<Input>> & { readonly default: NoInfer<Input | DefaultBy<Input>> },
): Option<Input, Value>;
export function option<Input, Value>(
  kind: Kind<Input, Value>,
  details: OptionDetails<NoInfer<Input>>,
): Option<Input, Value | undefined>;
export function option<Input, Value>(kind: Kind<Input, Value>, details: OptionDetails<Input>): Option<Input, Value> {
  return { kind, doc: details.doc, default: details.default, flag: details.flag, secret: details.secret ?? false };
}
