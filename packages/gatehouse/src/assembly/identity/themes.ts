import { createTheme, type Theme, type ThemeOptions } from "../../identity/screens/theme.ts";
import type { Config } from "../../kernel/config.ts";
import { BootRefusedError } from "../../kernel/gate.ts";

/**
 * The looks of tenants: as the application says, and else as it is configured for all.
 * @throws {BootRefusedError} where what is configured cannot be used.
 */
export function createThemes(
  { identity }: Config,
  themeOf: ((tenant: string) => ThemeOptions) | undefined,
): (tenant: string) => Theme {
  const { theme, serviceName: name } = identity;
  const common = configured({ name, ...theme });
  if (themeOf === undefined) return () => common;
  const themes = new Map<string, Theme>();
  return (tenant) => {
    const known = themes.get(tenant) ?? createTheme(themeOf(tenant));
    if (themes.size < MOST) themes.set(tenant, known);
    return known;
  };
}

/** Looks that are kept at hand; making one takes microseconds. */
const MOST = 1000;

function configured({ name, accent, accentOnDark, logo }: Configured): Theme {
  try {
    return createTheme({
      name,
      ...(accent === undefined ? {} : { accent }),
      ...(accentOnDark === undefined ? {} : { accentOnDark }),
      ...(logo === undefined ? {} : { logo }),
    });
  } catch (error) {
    if (error instanceof TypeError) throw new BootRefusedError([`identity.theme: ${error.message}`]);
    throw error;
  }
}

type Configured = Config["identity"]["theme"] & { readonly name: string };
