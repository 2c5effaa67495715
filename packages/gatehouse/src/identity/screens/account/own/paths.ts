/** The pages of an account. */
export const OWN_PAGES = ["overview", "password", "factors", "sessions", "applications", "email"] as const;
/** A page of an account. */
export type OwnPage = (typeof OWN_PAGES)[number];

/** Where the pages of one's own account are. */
export const OWN_PATHS: Readonly<Record<OwnPage, string>> = {
  overview: "/account",
  password: "/account/password",
  factors: "/account/factors",
  sessions: "/account/sessions",
  applications: "/account/applications",
  email: "/account/email",
};

/** Where the forms of these pages go. */
export const OWN_FORMS = {
  changePassword: "/account/password",
  beginTotp: "/account/factors/totp/begin",
  addTotp: "/account/factors/totp",
  removeTotp: "/account/factors/totp/remove",
  beginPasskey: "/account/factors/passkey/begin",
  addPasskey: "/account/factors/passkey",
  removePasskey: "/account/factors/passkey/remove",
  renewCodes: "/account/factors/recovery-codes",
  endSession: "/account/sessions/end",
  endOthers: "/account/sessions/end-others",
  withdraw: "/account/applications/withdraw",
  changeEmail: "/account/email",
  verifyEmail: "/account/email/verification",
} as const;

/** Name of the parameter that says what was just done. */
export const DONE_PARAMETER = "done";
