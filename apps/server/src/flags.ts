import { UsageError, type CommandContext } from "./command.ts";

type Flags = CommandContext["flags"];
type Names = Readonly<Record<string, string>>;

/** Flags with texts, by the names that operations have for them. */
export function texts(flags: Flags, names: Names): Record<string, string> {
  return given(flags, names, (text) => text);
}

/** Flags with texts separated by commas, by the names that operations have for them. */
export function lists(flags: Flags, names: Names): Record<string, readonly string[]> {
  return given(flags, names, (text) => text.split(",").map((item) => item.trim()));
}

/**
 * Flags with whole numbers, by the names that operations have for them.
 * @throws {UsageError} for anything else.
 */
export function numbers(flags: Flags, names: Names): Record<string, number> {
  return given(flags, names, (text, flag) => {
    if (!/^\d{1,9}$/.test(text)) throw new UsageError(`--${flag} takes a whole number; got "${text}".`);
    return Number(text);
  });
}

function given<Value>(flags: Flags, names: Names, read: (text: string, flag: string) => Value): Record<string, Value> {
  const found = Object.entries(names).flatMap(([flag, name]) => {
    const value = flags[flag];
    return typeof value === "string" ? [[name, read(value, flag)] as const] : [];
  });
  return Object.fromEntries(found);
}
