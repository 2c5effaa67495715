import type { LinkPurpose } from "../../accounts/account-links.ts";

/** Where people go who cannot sign in. */
export const REGISTRATION_PATH = "/register";
/** Where people ask for a new password. */
export const RECOVERY_PATH = "/account/reset";

/** What links in letters begin with, before a slash and the token. */
export const LINK_PATHS: Readonly<Record<LinkPurpose, string>> = {
  join: "/invitation",
  verify: "/account/verify",
  reset: RECOVERY_PATH,
  email: "/account/new-email",
};

/** The pages that links lead to once their token has left the address. */
export const LINK_PAGES: Readonly<Record<LinkPurpose, string>> = {
  join: "/invitation",
  verify: "/account/verify",
  reset: "/account/new-password",
  email: "/account/new-email",
};

/** Name of the parameter that says which sign-in somebody comes from. */
export const SIGN_IN_PARAMETER = "sign-in";
