import type { GuardSetting } from "../guard.ts";
import { parseJson, type Kind } from "./kind.ts";

/** Operators' choices by guard name. */
export type GuardSettings = Readonly<Record<string, GuardSetting>>;

/** Modes of guards; as text, a JSON object. Which guards there are is checked when the gate is built. */
export function guardSettings(): Kind<GuardSettings, GuardSettings> {
  return {
    expects: 'guard names with modes, such as { "csrf": { "mode": "shadow" } }, and a reason where the mode is "off"',
    read: readGuardSettings,
  };
}

function readGuardSettings(input: unknown): GuardSettings | undefined {
  const object = typeof input === "string" ? parseJson(input) : input;
  if (typeof object !== "object" || object === null || Array.isArray(object)) return undefined;
  const settings: Record<string, GuardSetting> = {};
  for (const [name, value] of Object.entries(object)) {
    const setting = readSetting(value);
    if (setting === undefined) return undefined;
    settings[name] = Object.freeze(setting);
  }
  return Object.freeze(settings);
}

function readSetting(value: unknown): GuardSetting | undefined {
  if (typeof value !== "object" || value === null || !("mode" in value)) return undefined;
  const { mode } = value;
  const reason = "reason" in value ? value.reason : undefined;
  if (Object.keys(value).some((key) => key !== "mode" && key !== "reason")) return undefined;
  if (mode === "off") return typeof reason === "string" && reason.trim() !== "" ? { mode, reason } : undefined;
  return mode === "enforce" || mode === "shadow" ? { mode } : undefined;
}
