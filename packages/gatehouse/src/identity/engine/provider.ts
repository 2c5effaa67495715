import { AsyncLocalStorage } from "node:async_hooks";
import type { RequestListener } from "node:http";
import { Provider, type KoaContextWithOIDC, type OIDCContext } from "oidc-provider";
import { createAdapter, workOf, type CurrentWork } from "./adapter.ts";
import type { ClientSource } from "./client-source.ts";
import { configurationOf, type IssuerOptions } from "./configuration.ts";
import { identifySigned, type IdentifySigned, type SignedToken } from "./jwt-access-token.ts";
import { requireFreshSignIn } from "./fresh-sign-in.ts";
import type { Proven, UnitOfWork } from "./unit-of-work.ts";
import { replaceScriptedPages } from "./view.ts";

/** An issuer's engine at one state of its keys and settings; replaced as a whole when either changes. */
export interface IssuerEngine {
  readonly provider: Provider;
  readonly listener: RequestListener;
  readonly identifySigned: IdentifySigned;
  /** Runs a call of the engine within a unit of work. */
  within<Result>(work: UnitOfWork, call: () => Promise<Result>): Promise<Result>;
}

/** What an engine is built from. */
export interface EngineOptions extends IssuerOptions {
  /** Where clients are found. Default: among what the engine keeps. */
  readonly clients?: ClientSource | undefined;
}

/** Builds the engine of an issuer, which takes about a millisecond. */
export function buildEngine(options: EngineOptions): IssuerEngine {
  const current = new AsyncLocalStorage<UnitOfWork>();
  const { clients } = options;
  const features = clients?.features(() => workOf(current));
  const configuration = configurationOf(options, {
    adapter: (kind) => createAdapter(kind, current, clients),
    ...(features === undefined ? {} : { clients: features }),
    requireFreshSignIn: (policy) => requireFreshSignIn(policy, current),
    rotates: async ({ oidc: { entities } }) => {
      if (entities.RefreshToken !== undefined) await current.getStore()?.witness?.judge(entities.RefreshToken);
      return true;
    },
  });
  const provider = new Provider(options.issuer, configuration);
  if (clients !== undefined) compareSecretsOf(provider, clients, current);
  provider.use(async (context, next) => {
    await next();
    // The engine's view of the request, where it has a route for it.
    const { oidc } = context as Partial<KoaContextWithOIDC>;
    const document: unknown = context.body;
    if (oidc !== undefined && context.status < 400) workOf(current).proven = provenIn(oidc);
    if (oidc === undefined || context.status >= 300 || typeof document !== "object" || document === null) return;
    context.body = features?.complete(oidc.route, document) ?? document;
  });
  // What it believes of the scheme is what its caller tells it, which is the issuer's.
  provider.proxy = true;
  const keep = (token: SignedToken): void => current.getStore()?.keepSigned(token);
  provider.on("access_token.issued", keep);
  provider.on("client_credentials.issued", keep);
  provider.on("server_error", (_context, error) => {
    const work = current.getStore();
    if (work !== undefined) work.failure = error;
  });
  provider.use(replaceScriptedPages);
  const callback = provider.callback();
  return {
    provider,
    listener: (request, response) => void callback(request, response),
    identifySigned: identifySigned(options.issuer, options.keys),
    within: (work, call) => current.run(work, call),
  };
}

function provenIn({ entities }: OIDCContext): Proven {
  return { client: entities.Client?.clientId, account: entities.AccessToken?.accountId };
}

/** Clients have several secrets, of which the engine knows none: comparing one is ours. */
function compareSecretsOf(provider: Provider, clients: ClientSource, current: CurrentWork): void {
  provider.Client.prototype.compareClientSecret = async function compare(secret) {
    return clients.hasSecret(workOf(current), this.clientId, secret);
  };
}
