export type { IssuerOptions } from "./oauth/browser/issuer.ts";
export type { SignedIn } from "./oauth/browser/keep.ts";
export { createSignIn } from "./oauth/browser/sign-in.ts";
export type { SignIn, SignInOptions } from "./oauth/browser/sign-in.ts";
export { SignInError } from "./oauth/browser/sign-in-error.ts";
export type { SignInErrorCode } from "./oauth/browser/sign-in-error.ts";
