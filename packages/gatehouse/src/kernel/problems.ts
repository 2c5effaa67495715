import { defineProblems } from "./problem.ts";

/** Problems that any entrance can answer with. */
export const problems = defineProblems({
  MALFORMED_REQUEST: { status: 400, message: "The request could not be understood. Check its syntax and headers." },
  IDEMPOTENCY_KEY_REQUIRED: {
    status: 428,
    message: "This action needs an Idempotency-Key. Send a new unique key, and the same one when you retry.",
  },
  IDEMPOTENCY_KEY_INVALID: { status: 400, message: "The idempotency key must be 1 to 255 visible ASCII characters." },
  AUTHENTICATION_REQUIRED: { status: 401, message: "Sign in to do this." },
  CREDENTIAL_INVALID: { status: 401, message: "The credential is not valid. Sign in again or obtain a new one." },
  SIGNATURE_INVALID: { status: 401, message: "The signature is missing, wrong or too old." },
  CSRF_TOKEN_INVALID: { status: 403, message: "Invalid security token. Please refresh the page." },
  SESSION_EXPIRED: { status: 403, message: "Your session has expired. Please refresh the page." },
  ORIGIN_REFUSED: { status: 403, message: "This request came from another site and was refused." },
  PERMISSION_DENIED: { status: 403, message: "You are not allowed to do this." },
  SOURCE_BANNED: {
    status: 403,
    message: "Requests from your address or account are blocked for now.",
    retryable: true,
  },
  ACTION_NOT_FOUND: { status: 404, message: "There is no such action." },
  NOT_FOUND: { status: 404, message: "There is nothing at this address." },
  METHOD_NOT_ALLOWED: { status: 405, message: "This address does not accept that method." },
  REQUEST_TIMEOUT: { status: 408, message: "The request was not received completely in time.", retryable: true },
  IDEMPOTENCY_IN_PROGRESS: {
    status: 409,
    message: "The same request is still being processed. Retry with the same key.",
    retryable: true,
  },
  IDEMPOTENCY_RESULT_TOO_LARGE: {
    status: 409,
    message: "This request was already carried out. Its result is too large to be repeated; read the current state.",
  },
  STATE_CONFLICT: {
    status: 409,
    message: "This was changed elsewhere in the meantime. The current version is shown; please try again.",
  },
  PAYLOAD_TOO_LARGE: { status: 413, message: "The request is larger than this address accepts." },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, message: "This content type is not accepted here." },
  VALIDATION_ERROR: { status: 422, message: "Some of the values are not valid." },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    message: "This idempotency key was already used for a different request. Use a new key.",
  },
  RATE_LIMIT_EXCEEDED: {
    status: 429,
    message: "Rate limit exceeded",
    // The IANA registry keeps it for used-up quotas (draft-ietf-httpapi-ratelimit-headers).
    type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
  },
  TOO_MANY_CONCURRENT: { status: 429, message: "Too many requests are running at once. Retry shortly." },
  HEADERS_TOO_LARGE: { status: 431, message: "The request's headers are larger than this server accepts." },
  INTERNAL_ERROR: { status: 500, message: "Something went wrong on our side. The request id helps us find out what." },
  OUTCOME_UNKNOWN: {
    status: 503,
    message:
      "It is not known yet whether this took effect. Retry with the same idempotency key to find out, or look before you repeat it.",
  },
  STORE_UNAVAILABLE: {
    status: 503,
    message: "The service is temporarily unavailable. Nothing was changed; retry shortly.",
  },
});
