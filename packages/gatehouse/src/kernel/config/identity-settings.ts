import { choice, cidr, duration, flag, list, object, objects, text, type Kind } from "./kind.ts";

/** Where the tenant's name goes in the origin of its issuer. */
const TENANT_PLACE = "{tenant}";

const LEAST_SECRET = 32;
const NAME = /^[A-Za-z0-9_-]{1,100}$/;
const EMAIL = /^[^\s@<>",;]{1,64}@[^\s@<>",;]{1,255}$/;
const SCOPES = /^[\x21\x23-\x5B\x5D-\x7E]+( [\x21\x23-\x5B\x5D-\x7E]+)*$/;

function matching(pattern: RegExp, expects: string): Kind<string, string> {
  return { expects, read: (input) => (typeof input === "string" && pattern.test(input) ? input : undefined) };
}

/** An address without a fragment, of any scheme: programs on phones and desktops have their own. */
function address(): Kind<string, string> {
  return {
    expects: "an absolute URL without a fragment",
    read: (input) => (typeof input === "string" && URL.canParse(input) && !input.includes("#") ? input : undefined),
  };
}

/** The origin of an issuer, or a pattern of those of all tenants. */
export function issuerOrigin(): Kind<string, string> {
  return {
    expects: `an origin such as https://id.example.com, or https://${TENANT_PLACE}.example.com for one of each tenant`,
    read(input) {
      if (typeof input !== "string" || input.split(TENANT_PLACE).length > 2) return undefined;
      const example = input.replace(TENANT_PLACE, "tenant");
      return /^https?:/.test(example) && URL.parse(example)?.origin === example ? input : undefined;
    },
  };
}

/** Addresses of people. */
export function email(): Kind<string, string> {
  return matching(EMAIL, "an e-mail address");
}

/** Clients that are there from the start, besides those that are registered. */
export function clients() {
  const grants = choice(
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
  );
  const secret: Kind<string, string> = {
    expects: `a secret of at least ${LEAST_SECRET} characters`,
    read: (input) => (typeof input === "string" && input.length >= LEAST_SECRET ? input : undefined),
  };
  return objects(
    object(
      `clients such as { id: "app", secret: "...", redirectUris: ["https://app.example.com/callback"] }, with secrets of at least ${LEAST_SECRET} characters`,
      {
        needed: { id: matching(NAME, "at most 100 letters, digits, _ and -") },
        optional: {
          name: text(),
          secret,
          tenant: text(),
          type: choice("web", "native"),
          grantTypes: list(grants),
          redirectUris: list(address()),
          postLogoutRedirectUris: list(address()),
          backchannelLogoutUri: address(),
          scope: matching(SCOPES, "scopes separated by spaces"),
          firstParty: flag(),
        },
      },
    ),
  );
}

/** What happens when a refresh token is used from elsewhere. */
export function moveDecision() {
  return choice("ignore", "alert", "step_up", "deny");
}

/** What happens then, where it differs for one client. */
export function clientMoves() {
  return objects(
    object('clients such as { client: "app", subnet: "step_up" }', {
      needed: { client: text() },
      optional: {
        device: moveDecision(),
        subnet: moveDecision(),
        agent: moveDecision(),
        key: moveDecision(),
        allow: list(cidr()),
        mobileNetworks: flag(),
      },
    }),
  );
}

/** Protected resources that tokens can be issued for. */
export function resources() {
  return objects(
    object('resources such as { resource: "https://api.example.com/", scopes: ["photos:read"], format: "jwt" }', {
      needed: { resource: address(), scopes: list(matching(SCOPES, "a scope")) },
      optional: {
        lookedUpBy: list(matching(NAME, "a client's id")),
        format: choice("opaque", "jwt"),
        lifetime: duration("1s"),
      },
    }),
  );
}
