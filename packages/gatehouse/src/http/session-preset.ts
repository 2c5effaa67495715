/** How sessions live and how their cookie travels. */
export interface SessionPreset {
  readonly sameSite: "strict" | "lax";
  /** Milliseconds without a request after which a session has ended. */
  readonly idle: number;
  /** Milliseconds after which a session has ended whatever happens. */
  readonly absolute: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/**
 * `app`: never sent along from other sites, one hour idle. `idp`: sent along when another site links or
 * redirects here, as sign-in pages of an identity provider need; two hours idle.
 */
export const SESSION_PRESETS: Readonly<Record<"app" | "idp", SessionPreset>> = {
  app: { sameSite: "strict", idle: HOUR, absolute: 12 * HOUR },
  idp: { sameSite: "lax", idle: 2 * HOUR, absolute: 24 * HOUR },
};
