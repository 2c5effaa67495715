import { isLoopback } from "./reach.ts";
import type { Rule } from "./rule.ts";
import type { Config } from "./types.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

type IdentityConfig = Config["identity"];

/** Refused combinations of the identity provider's settings. */
export const identityRules: readonly Rule[] = [
  {
    paths: ["identity.algorithms"],
    refuses: "Tokens have to be signed.",
    fix: "Name at least one algorithm.",
    broken: needed(({ algorithms }) => algorithms.length === 0),
  },
  {
    paths: ["identity.grace"],
    refuses: "A refresh token that can be used again for long is one that a thief can use too.",
    fix: "Set identity.grace to at most 60s, or 0s for none.",
    broken: needed(({ grace }) => grace > MINUTE),
  },
  {
    paths: ["identity.keys.publishedFor", "identity.keys.rotateAfter"],
    refuses: "A key cannot be published longer than keys are used.",
    fix: "Make identity.keys.publishedFor at most half of identity.keys.rotateAfter.",
    broken: needed(({ keys }) => keys.publishedFor * 2 > keys.rotateAfter),
  },
  {
    paths: ["identity.lifetimes.authorizationCode"],
    refuses: "Codes are on the way for moments; RFC 6749 allows ten minutes.",
    fix: "Set identity.lifetimes.authorizationCode to at most 10m.",
    broken: needed(({ lifetimes }) => lifetimes.authorizationCode > 10 * MINUTE),
  },
  {
    paths: ["identity.mail.from", "identity.mail.url"],
    refuses: "Mail servers want to know who writes.",
    fix: "Set identity.mail.from to a sender such as Gallery <no-reply@example.com>.",
    broken: needed(({ mail }) => mail.url !== undefined && mail.from === undefined),
  },
  {
    paths: ["identity.clients"],
    refuses: "Two clients of one tenant cannot have the same id.",
    fix: "Rename one of them.",
    broken: needed(({ clients }) => hasTwins(clients)),
  },
  {
    paths: ["identity.clients", "identity.publicClients"],
    refuses: "A client without a secret is a public one.",
    fix: "Give it a secret, or set identity.publicClients to true.",
    broken: needed(
      ({ clients, publicClients }) => !publicClients && clients.some(({ secret }) => secret === undefined),
    ),
  },
  {
    paths: ["identity.registration", "identity.mail.url"],
    profile: "production",
    refuses: "Whoever registers has to prove an address, which takes a letter.",
    fix: "Set identity.mail.url, or identity.registration to false.",
    broken: needed(({ registration, mail }) => registration && mail.url === undefined),
  },
  {
    paths: ["identity.administrators", "identity.mail.url"],
    profile: "production",
    refuses: "Administrators are told by letters.",
    fix: "Set identity.mail.url, or remove identity.administrators.",
    broken: needed(({ administrators, mail }) => administrators.length > 0 && mail.url === undefined),
  },
  {
    paths: ["identity.mail.plaintext", "identity.mail.url"],
    profile: "production",
    refuses: "Letters let whoever reads them set passwords.",
    fix: "Remove identity.mail.plaintext, or send through a server on this machine.",
    broken: needed(({ mail }) => mail.plaintext && !isLoopback(URL.parse(mail.url ?? "")?.hostname ?? "")),
  },
  {
    paths: ["identity.origin"],
    profile: "production",
    refuses: "Without HTTPS, everybody on the way can read passwords, codes and tokens.",
    fix: "Use an https:// address.",
    broken: needed(({ origin }) => origin !== undefined && !origin.startsWith("https://")),
  },
  {
    paths: ["identity.lifetimes.accessToken"],
    profile: "production",
    refuses: "Whoever steals an access token has it for as long as it lives.",
    fix: "Set identity.lifetimes.accessToken to at most 24h; applications refresh their tokens.",
    broken: needed(({ lifetimes }) => lifetimes.accessToken > 24 * HOUR),
  },
  {
    paths: ["identity.clients"],
    profile: "production",
    refuses: "A code that is sent to an http:// address can be read on the way.",
    fix: "Use https:// addresses; programs on people's machines (type native) may use http://127.0.0.1.",
    broken: needed(({ clients }) => clients.some((client) => (client.redirectUris ?? []).some(exposes(client)))),
  },
  {
    paths: ["identity.resources"],
    profile: "production",
    refuses: "Tokens that are sent to an http:// address can be read on the way.",
    fix: "Name resources by their https:// addresses.",
    broken: needed(({ resources }) => resources.some(({ resource }) => resource.startsWith("http:"))),
  },
];

/** Settings of a provider that is switched off harm nobody. */
function needed(broken: (identity: IdentityConfig) => boolean): Rule["broken"] {
  return ({ identity }) => identity.enabled && broken(identity);
}

function hasTwins(clients: IdentityConfig["clients"]): boolean {
  return clients.some(({ id, tenant }, index) =>
    clients
      .slice(index + 1)
      .some(
        (other) => other.id === id && (tenant === undefined || other.tenant === undefined || other.tenant === tenant),
      ),
  );
}

function exposes({ type }: { readonly type?: string }): (redirectUri: string) => boolean {
  return (redirectUri) => {
    const { protocol, hostname } = new URL(redirectUri);
    return protocol === "http:" && !(type === "native" && isLoopback(hostname));
  };
}
