import { AsyncLocalStorage } from "node:async_hooks";
import type { RequestListener } from "node:http";
import { Provider } from "oidc-provider";
import { createAdapter } from "./adapter.ts";
import { configurationOf, type IssuerOptions } from "./configuration.ts";
import { identifySigned, type IdentifySigned, type SignedToken } from "./jwt-access-token.ts";
import { requireFreshSignIn } from "./fresh-sign-in.ts";
import { replaceScriptedPages } from "./view.ts";
import type { UnitOfWork } from "./unit-of-work.ts";

/** An issuer's engine at one state of its keys and settings; replaced as a whole when either changes. */
export interface IssuerEngine {
  readonly provider: Provider;
  readonly listener: RequestListener;
  readonly identifySigned: IdentifySigned;
  /** Runs a call of the engine within a unit of work. */
  within<Result>(work: UnitOfWork, call: () => Promise<Result>): Promise<Result>;
}

/** Builds the engine of an issuer, which takes about a millisecond. */
export function buildEngine(options: IssuerOptions): IssuerEngine {
  const current = new AsyncLocalStorage<UnitOfWork>();
  const configuration = configurationOf(options, {
    adapter: (kind) => createAdapter(kind, current),
    requireFreshSignIn: (policy) => requireFreshSignIn(policy, current),
    rotates: async ({ oidc: { entities } }) => {
      if (entities.RefreshToken !== undefined) await current.getStore()?.witness?.judge(entities.RefreshToken);
      return true;
    },
  });
  const provider = new Provider(options.issuer, configuration);
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
