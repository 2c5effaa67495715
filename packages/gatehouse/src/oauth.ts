export type { ProtocolOptions, SignInRequirement } from "./oauth/relying-party/exchange.ts";
export { relyingPartyEvents } from "./oauth/relying-party/events.ts";
export type { ClientRegistration } from "./oauth/relying-party/issuer-client.ts";
export type { PrincipalOf, RelyingPartyPaths, SignInClaims } from "./oauth/relying-party/party.ts";
export { relyingPartyProblems } from "./oauth/relying-party/problems.ts";
export { createRelyingParty } from "./oauth/relying-party/relying-party.ts";
export type { RelyingParty, RelyingPartyOptions } from "./oauth/relying-party/relying-party.ts";
export type { ResourceRequest } from "./oauth/relying-party/tokens.ts";
