import * as oauth from "oauth4webapi";

/**
 * Why somebody is not signed in. `interrupted`: the sign-in was begun elsewhere, is over or took too long; begin again.
 * `declined`: the person or the issuer said no. `refused`: the answer could not be trusted. `unavailable`: the issuer
 * does not answer; the same call may succeed later.
 */
export type SignInErrorCode = "interrupted" | "declined" | "refused" | "unavailable";

/** Signing in did not succeed; `code` says what to do. */
export class SignInError extends Error {
  override readonly name = "SignInError";
  readonly code: SignInErrorCode;

  constructor(code: SignInErrorCode, cause?: unknown) {
    super(`Signing in did not succeed: ${code}.`, { cause });
    this.code = code;
  }
}

/** What a failure at the issuer means for the person. */
export function signInErrorOf(error: unknown): SignInError {
  if (error instanceof SignInError) return error;
  return new SignInError(codeOf(error), error);
}

function codeOf(error: unknown): SignInErrorCode {
  if (error instanceof oauth.AuthorizationResponseError) return "declined";
  if (error instanceof oauth.ResponseBodyError) {
    if (error.status >= 500 || error.status === 429) return "unavailable";
    return error.error === "invalid_grant" ? "interrupted" : "refused";
  }
  // Browsers tell neither why a request got no answer, nor that it was aborted for taking too long, in another way.
  if (error instanceof TypeError && !("code" in error)) return "unavailable";
  if (error instanceof DOMException && error.name === "TimeoutError") return "unavailable";
  const response = error instanceof oauth.OperationProcessingError ? error.cause : undefined;
  return response instanceof Response && response.status >= 500 ? "unavailable" : "refused";
}
