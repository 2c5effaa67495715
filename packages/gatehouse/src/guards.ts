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
export { admitGuard } from "./guards/admit.ts";
export type { AdmitOptions } from "./guards/admit.ts";
export { admitPrincipalGuard } from "./guards/admit-principal.ts";
export type { AdmitPrincipalOptions } from "./guards/admit-principal.ts";
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
export { limitGuard } from "./guards/limit.ts";
export type { LimitOptions } from "./guards/limit.ts";
export { LIMIT_HEADER_NAMES, limitHeaders } from "./guards/limit-headers.ts";
export type { WindowSetting } from "./guards/limit-policies.ts";
export { createOriginRules, isOrigin, originGuard } from "./guards/origin.ts";
export type { BrowserProvenance, JudgeOrigin, OriginOptions, OriginVerdict } from "./guards/origin.ts";
export { createPenalties, DEFAULT_PENALTIES } from "./guards/penalty.ts";
export type { Penalties, PenaltyOptions, PenaltySettings, PenaltyStep } from "./guards/penalty.ts";
export { createStandardWebhooksVerifier } from "./guards/signature-standard-webhooks.ts";
export type { StandardWebhooksOptions } from "./guards/signature-standard-webhooks.ts";
export { signatureGuard } from "./guards/signature.ts";
export type {
  Genuine,
  SignatureFault,
  SignatureOptions,
  SignatureVerifier,
  SignedMessage,
} from "./guards/signature.ts";
export { validateGuard } from "./guards/validate.ts";
