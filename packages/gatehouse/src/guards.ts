export {
  addressKey,
  canonicalAddress,
  createAddressRanges,
  createTrustedProxies,
  UNKNOWN_ADDRESS,
} from "./guards/address.ts";
export type {
  AddressRanges,
  Connection,
  ResolvedClient,
  TrustedProxies,
  TrustedProxyOptions,
} from "./guards/address.ts";
export type { ForwardedHeader } from "./guards/address-forwarded.ts";
export { auditGuard } from "./guards/audit.ts";
export type { AuditGuardOptions } from "./guards/audit.ts";
export { authenticateGuard } from "./guards/authenticate.ts";
export type { AuthenticateOptions, Authenticator, Authenticators } from "./guards/authenticate.ts";
export { authoriseGuard } from "./guards/authorise.ts";
export type { AuthoriseOptions } from "./guards/authorise.ts";
export { createCsrfTokens, CSRF_TOKEN_LENGTH } from "./guards/csrf-token.ts";
export type { CsrfTokens, CsrfTokensOptions } from "./guards/csrf-token.ts";
export { csrfGuard } from "./guards/csrf.ts";
export type { CsrfOptions } from "./guards/csrf.ts";
export { idempotencyGuard } from "./guards/idempotency.ts";
export type { IdempotencyOptions } from "./guards/idempotency.ts";
export { parseIdempotencyKey } from "./guards/idempotency-key.ts";
export { createOriginRules, isOrigin, originGuard } from "./guards/origin.ts";
export type { BrowserProvenance, JudgeOrigin, OriginOptions, OriginVerdict } from "./guards/origin.ts";
export { createStandardWebhooksVerifier } from "./guards/signature-standard-webhooks.ts";
export type { StandardWebhooksOptions } from "./guards/signature-standard-webhooks.ts";
export { signatureGuard } from "./guards/signature.ts";
export type { SignatureFault, SignatureOptions, SignatureVerifier, SignedMessage } from "./guards/signature.ts";
export { validateGuard } from "./guards/validate.ts";
