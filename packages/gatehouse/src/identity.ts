export { LINK_LIFETIMES } from "./identity/accounts/account-links.ts";
export type { LinkPurpose } from "./identity/accounts/account-links.ts";
export type {
  AccountRecovery,
  PasswordChange,
  PreparedPassword,
  PreparedReset,
  ResetClaim,
} from "./identity/accounts/account-recovery.ts";
export { createAccountServices } from "./identity/accounts/accounts.ts";
export type { AccountServices, AccountServicesParts } from "./identity/accounts/accounts.ts";
export {
  decideStepUp,
  levelOf,
  methodsOf,
  provenAt,
  stillHolds,
  withFactor,
} from "./identity/accounts/authentication.ts";
export type {
  AssuranceLevel,
  AssuranceRequirement,
  Authentication,
  FactorUse,
  StepUpDecision,
  StepUpQuestion,
} from "./identity/accounts/authentication.ts";
export { DevelopmentMailbox } from "./identity/accounts/development-mailbox.ts";
export type { KeptMail } from "./identity/accounts/development-mailbox.ts";
export type { Account, AccountEmail, Directory, NewAccount, Profile } from "./identity/accounts/directory.ts";
export { Email, normaliseEmail } from "./identity/accounts/email.ts";
export type { Guess } from "./identity/accounts/guess-throttle.ts";
export type { KnownDevices } from "./identity/accounts/known-devices.ts";
export type { Letter, LetterKind, Letters, LettersParts } from "./identity/accounts/letters.ts";
export type { Invitation, JoinClaim, Membership, PreparedJoin } from "./identity/accounts/membership.ts";
export type { AccountOperationsParts } from "./identity/accounts/operations.ts";
export type { CeremonyAnswer, PreparedCeremony } from "./identity/accounts/passkey-ceremony.ts";
export type { CeremonyPlace } from "./identity/accounts/passkey-challenges.ts";
export type {
  PasskeyOwner,
  PasskeyRegistration,
  PreparedPasskey,
  RegistrationCeremony,
} from "./identity/accounts/passkey-registration.ts";
export type { PasskeySignIn, PreparedPasskeyUse, SignInCeremony } from "./identity/accounts/passkey-sign-in.ts";
export type { Passkey, Passkeys } from "./identity/accounts/passkeys.ts";
export type { PasswordClaim, PasswordSignIn, PreparedSignIn } from "./identity/accounts/password-sign-in.ts";
export { BreachFilter } from "./identity/accounts/passwords/breach-filter.ts";
export { buildBreachFilter } from "./identity/accounts/passwords/breach-import.ts";
export type { BreachSource } from "./identity/accounts/passwords/breach-import.ts";
export { PASSWORD_COST, PasswordHasher } from "./identity/accounts/passwords/hasher.ts";
export type { HasherOptions, Verification } from "./identity/accounts/passwords/hasher.ts";
export type { Argon2Cost } from "./identity/accounts/passwords/phc.ts";
export { PASSWORD_LENGTHS } from "./identity/accounts/passwords/policy.ts";
export type { PasswordBlocklist } from "./identity/accounts/passwords/policy.ts";
export { enrolledKinds } from "./identity/accounts/proof.ts";
export type { ProofSource } from "./identity/accounts/proof.ts";
export type { PreparedRecovery, RecoveryCodes } from "./identity/accounts/recovery-codes.ts";
export type { CodeClaim, PreparedCode, Totp, TotpEnrolment, TotpLabel } from "./identity/accounts/totp.ts";
export type {
  ClientRecord,
  ClientRegistry,
  CreatedClient,
  CreatedSecret,
  SecretRotation,
} from "./identity/clients/client-registry.ts";
export { CLIENT_AUTHENTICATIONS, CLIENT_GRANTS } from "./identity/clients/client-settings.ts";
export type { ClientAuthentication, ClientSettings, StaticClient } from "./identity/clients/client-settings.ts";
export { createClientServices } from "./identity/clients/clients.ts";
export type { ClientServices, ClientServicesParts } from "./identity/clients/clients.ts";
export type { ClientSecret } from "./identity/clients/client-secrets.ts";
export type { RegistrationAccess } from "./identity/clients/engine-features.ts";
export { DOCUMENT_POLICY } from "./identity/clients/metadata-documents.ts";
export type { DocumentPolicy } from "./identity/clients/metadata-documents.ts";
export type { ClientOperationsParts } from "./identity/clients/operations.ts";
export { createOutboundFetch, OutboundRefusedError } from "./identity/clients/outbound-fetch.ts";
export type { OutboundOptions } from "./identity/clients/outbound-fetch.ts";
export { REGISTRATION_POLICY } from "./identity/clients/registration-policy.ts";
export type { RegistrationPolicy } from "./identity/clients/registration-policy.ts";
export type {
  NewRegistrationToken,
  RegistrationToken,
  RegistrationTokens,
} from "./identity/clients/registration-tokens.ts";
export type { ProvenLimitsParts } from "./identity/endpoints/proven-limit.ts";
export type { ClientFeatures } from "./identity/engine/client-features.ts";
export type { ClientSource } from "./identity/engine/client-source.ts";
export { createAccessTokens } from "./identity/engine/access-tokens.ts";
export type { AccessTokensParts } from "./identity/engine/access-tokens.ts";
export { LIFETIMES, OAUTH_PATHS } from "./identity/engine/configuration.ts";
export type { Lifetimes, ProtectedResource } from "./identity/engine/configuration.ts";
export type { EngineRequest } from "./identity/engine/engine-call.ts";
export { findInteraction, finishInteraction } from "./identity/engine/interaction.ts";
export type { InteractionCall } from "./identity/engine/interaction.ts";
export { UnitOfWork } from "./identity/engine/unit-of-work.ts";
export type { FurtherStep, Kept, Presented, Proven, UnitOfWorkParts } from "./identity/engine/unit-of-work.ts";
export { identityEvents } from "./identity/events.ts";
export { Grants } from "./identity/grants/grants.ts";
export type {
  Grant,
  GrantListing,
  GrantPage,
  GrantRevocation,
  GrantSelection,
  GrantsParts,
} from "./identity/grants/grants.ts";
export { createGrantOperations } from "./identity/grants/operations.ts";
export { createRehearsal } from "./identity/grants/rehearsal-operation.ts";
export { rehearse } from "./identity/grants/rehearsal.ts";
export type { GrantOperationsParts } from "./identity/grants/operations.ts";
export type { Place } from "./identity/grants/place.ts";
export { createGrantPolicy, judgeMove, MOVE_DECISIONS, SUBNET_PREFIXES } from "./identity/grants/policy.ts";
export type {
  GrantPolicy,
  GrantPolicyOptions,
  MoveChange,
  MoveDecision,
  MoveVerdict,
  SubnetPrefixes,
} from "./identity/grants/policy.ts";
export type { RecogniseDevice } from "./identity/grants/requester.ts";
export { createIdentity } from "./identity/identity.ts";
export type { Identity, IdentityParts } from "./identity/identity.ts";
export type { Issuer, IssuerKeys, Issuers, IssuersParts } from "./identity/issuers.ts";
export { KeyKeeper } from "./identity/keys/key-keeper.ts";
export type { KeyKeeperParts } from "./identity/keys/key-keeper.ts";
export { ROTATION } from "./identity/keys/rotation.ts";
export type { RotationPolicy, RotationStep, RotationWish } from "./identity/keys/rotation.ts";
export { accountProblems, clientProblems, oauthProblems } from "./identity/problems.ts";
export { formField } from "./identity/screens/field.ts";
export type { Field } from "./identity/screens/field.ts";
export type { Language } from "./identity/screens/language.ts";
export type { LanguageForm, Screen } from "./identity/screens/layout.ts";
export { Pages } from "./identity/screens/pages.ts";
export type { PagesParts, ShowOptions } from "./identity/screens/pages.ts";
export { createTheme } from "./identity/screens/theme.ts";
export type { Theme, ThemeOptions } from "./identity/screens/theme.ts";
export { defineTexts } from "./identity/screens/translation.ts";
export type { Texts, TextTable, Words } from "./identity/screens/translation.ts";
