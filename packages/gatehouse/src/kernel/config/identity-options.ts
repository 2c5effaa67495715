import { clientMoves, clients, email, issuerOrigin, moveDecision, resources } from "./identity-settings.ts";
import { choice, cidr, duration, flag, integer, list, text, url } from "./kind.ts";
import { option } from "./option.ts";

/** Options of the identity provider, by path. */
export const identityOptions = {
  "identity.enabled": option(flag(), {
    doc: "Serves accounts, and OAuth 2.1 and OpenID Connect under `/oauth` and `/.well-known`.",
    default: true,
  }),
  "identity.origin": option(issuerOrigin(), {
    doc: "The issuer: the address that tokens name and clients are configured with. With `{tenant}` in it, each tenant has one. Default: `server.publicUrl`, or where the server listens.",
  }),
  "identity.algorithms": option(list(choice("RS256", "ES256", "EdDSA")), {
    doc: "What tokens are signed with. There is a key of each; clients that ask for none get the first.",
    default: ["RS256"],
  }),
  "identity.keys.rotateAfter": option(duration("1d"), {
    doc: "How long a signing key is used. The next one takes over by itself.",
    default: "90d",
  }),
  "identity.keys.publishedFor": option(duration("1h"), {
    doc: "How long a key is published before it signs, so that whoever keeps the key set for a while knows it by then.",
    default: "1d",
  }),
  "identity.lifetimes.accessToken": option(duration("1m"), { doc: "How long access tokens live.", default: "1h" }),
  "identity.lifetimes.refreshToken": option(duration("1m"), {
    doc: "How long refresh tokens live, and what was consented to without asking again.",
    default: "30d",
  }),
  "identity.lifetimes.authorizationCode": option(duration("10s"), {
    doc: "How long a client has to redeem a code.",
    default: "10m",
  }),
  "identity.lifetimes.idToken": option(duration("1m"), { doc: "How long ID tokens live.", default: "1h" }),
  "identity.lifetimes.deviceCode": option(duration("1m"), {
    doc: "How long somebody has to let a device in by its code.",
    default: "10m",
  }),
  "identity.lifetimes.interaction": option(duration("1m"), {
    doc: "How long somebody has to sign in and consent.",
    default: "1h",
  }),
  "identity.lifetimes.session": option(duration("1m"), {
    doc: "How long somebody stays signed in for all applications without using any.",
    default: "2h",
  }),
  "identity.grace": option(duration("0ms"), {
    doc: "How long a refresh token that was used up gets the same answer again, for clients whose answer was lost; `0s` for never.",
    default: "10s",
  }),
  "identity.moves.device": option(moveDecision(), {
    doc: "What happens when a refresh token is used from another browser or machine: `ignore`, `alert` (an event), `step_up` (the person has to sign in again) or `deny`. Default: `alert`.",
  }),
  "identity.moves.subnet": option(moveDecision(), {
    doc: "The same for another network. Default: `alert`.",
  }),
  "identity.moves.agent": option(moveDecision(), {
    doc: "The same for another kind of program. Default: `alert`.",
  }),
  "identity.moves.key": option(moveDecision(), {
    doc: "The same for another key that proves possession (DPoP), or none. Default: `alert`. Public clients are refused in any case.",
  }),
  "identity.moves.allow": option(list(cidr()), {
    doc: "Networks a move into which does not count, such as those of offices and of clients' own servers.",
    default: [],
  }),
  "identity.moves.mobileNetworks": option(flag(), {
    doc: "Whether a telephone may change its network: where nothing but the subnet is different, that is an `alert` at most.",
    default: true,
  }),
  "identity.moves.ipv4Prefix": option(integer(8, 32), {
    doc: "Bits of an IPv4 address that name its subnet.",
    default: 24,
  }),
  "identity.moves.ipv6Prefix": option(integer(16, 128), {
    doc: "Bits of an IPv6 address that name its subnet.",
    default: 64,
  }),
  "identity.moves.clients": option(clientMoves(), {
    doc: "Other decisions for single clients: `client`, and `device`, `subnet`, `agent`, `key`, `allow`, `mobileNetworks` where they differ.",
    default: [],
  }),
  "identity.proofNonces": option(flag(), {
    doc: "Whether proofs of possession (DPoP) at the issuer's endpoints need a nonce of it, so that none can be made in advance. Clients fetch it by themselves.",
    default: false,
  }),
  "identity.publicClients": option(flag(), {
    doc: "Whether there may be clients without a secret, such as browser apps and command lines. They must use PKCE, as all must.",
    default: true,
  }),
  "identity.clients": option(clients(), {
    doc: "Clients that are there from the start: `id`, `secret` (none: a public client), `name`, `tenant` (none: all), `type` (`web` or `native`), `grantTypes`, `redirectUris`, `postLogoutRedirectUris`, `backchannelLogoutUri`, `scope`.",
    default: [],
    secret: true,
  }),
  "identity.resources": option(resources(), {
    doc: "APIs that tokens can be issued for: `resource` (an absolute URL), `scopes`, `format` (`opaque` or `jwt`), `lifetime`, `lookedUpBy` (clients that may look tokens up).",
    default: [],
  }),
  "identity.clientRegistration.access": option(choice("off", "token", "open"), {
    doc: "Who may register clients at `/oauth/clients`: nobody, who has a token of an operator (`gatehouse oauth issue-token`), or everybody.",
    default: "token",
  }),
  "identity.clientRegistration.scopes": option(list(text("a scope")), {
    doc: "Scopes of people that clients may have which register.",
    default: ["openid", "offline_access", "profile", "email"],
  }),
  "identity.clientRegistration.grantTypes": option(
    list(
      choice(
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
      ),
    ),
    { doc: "Grants that clients may have which register.", default: ["authorization_code", "refresh_token"] },
  ),
  "identity.clientRegistration.redirectHosts": option(list(text("a host, .example.com for all below it, or *")), {
    doc: "Hosts to which clients may have people sent back which register; programs on people's machines always may.",
    default: ["*"],
  }),
  "identity.clientRegistration.secretLifetime": option(duration("0ms"), {
    doc: "How long secrets of clients last which register; `0s` for ever.",
    default: "0s",
  }),
  "identity.clientRegistration.unusedAfter": option(duration("0ms"), {
    doc: "After how long without use clients are removed which have registered; `0s` for never.",
    default: "90d",
  }),
  "identity.clientDocuments.hosts": option(list(text("a host, .example.com for all below it, or *")), {
    doc: "Hosts of documents by whose address clients are known without registering, as those of MCP are; none switches it off.",
    default: [],
  }),
  "identity.registration": option(flag(), {
    doc: "Whether people may register by themselves. Otherwise they are invited.",
    default: false,
  }),
  "identity.serviceName": option(text(), { doc: "What letters and pages call this service.", default: "Gatehouse" }),
  "identity.theme.accent": option(text("a colour such as #1f4fd8"), {
    doc: "Colour of buttons and links on pages of the identity provider. It must be readable on white.",
  }),
  "identity.theme.accentOnDark": option(text("a colour such as #8fb0ff"), {
    doc: "The same on dark paper. Default: `identity.theme.accent`, lightened until it can be read.",
  }),
  "identity.theme.logo": option(text("a path such as /logo.svg, or a data: address"), {
    doc: "A picture beside the service's name on pages of the identity provider.",
  }),
  "identity.breachFilter": option(text("a path"), {
    doc: "A file of passwords known from breaches, which are refused. `buildBreachFilter` writes it.",
  }),
  "identity.administrators": option(list(email()), {
    doc: "Who gets a letter when signing keys are rotated or compromised.",
    default: [],
  }),
  "identity.mail.url": option(url("smtp", "smtps"), {
    doc: "The server that delivers letters: `smtps://user:password@mail.example.com`, or `smtp://` with STARTTLS. Without it, `/development/mailbox` shows them in development, and in production none leaves.",
    secret: true,
  }),
  "identity.mail.from": option(text("a sender such as Gallery <no-reply@example.com>"), {
    doc: "Who letters are from.",
  }),
  "identity.mail.plaintext": option(flag(), {
    doc: "Whether the connection to the mail server may stay unencrypted, as on the same machine.",
    default: false,
  }),
} as const;
