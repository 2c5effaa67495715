import type { Interaction } from "oidc-provider";
import type { Clock } from "../../../kernel/clock.ts";
import type { OAuthArtifacts } from "../../../kernel/ports/oauth-artifacts.ts";
import type { Store } from "../../../kernel/ports/store.ts";
import type { EngineRequest } from "../../engine/engine-call.ts";
import { findInteraction, type InteractionCall } from "../../engine/interaction.ts";
import { UnitOfWork } from "../../engine/unit-of-work.ts";
import type { Issuer, Issuers } from "../../issuers.ts";

/** What interactions are found with. */
export interface VisitParts {
  readonly clock: Clock;
  readonly artifacts: OAuthArtifacts;
  readonly issuers: Issuers;
}

/** Which interaction somebody is at. */
export interface VisitQuestion {
  /** As the address of the page names it. */
  readonly uid: string;
  readonly tenant: string;
  readonly request: EngineRequest;
  readonly read: Store["read"];
}

/** Somebody at the pages of an interaction that their browser has begun. */
export interface Visit {
  readonly uid: string;
  readonly tenant: string;
  readonly issuer: Issuer;
  readonly call: InteractionCall;
  readonly interaction: Interaction;
  readonly client: VisitedClient;
}

/** What pages have to know of an interaction. */
export interface VisitFacts {
  readonly uid: string;
  readonly client: VisitedClient;
  /** Languages that the application asks for. */
  readonly locales: string | undefined;
}

/** What pages have to know of an interaction. */
export function factsOf({ uid, client, interaction }: Visit): VisitFacts {
  const { ui_locales: locales } = interaction.params;
  return { uid, client, locales: typeof locales === "string" ? locales : undefined };
}

/** The application that somebody signs in to. */
export interface VisitedClient {
  readonly id: string;
  readonly name: string;
}

/**
 * Finds the interaction of a page; `undefined` where it is over, or another browser has begun it: what is asked of a
 * browser is in its signed cookie, which the address of the page has to agree with.
 */
export async function findVisit(parts: VisitParts, question: VisitQuestion): Promise<Visit | undefined> {
  const { uid, tenant, request, read } = question;
  await parts.issuers.ready();
  const issuer = parts.issuers.of(tenant);
  const { engine, codec } = issuer;
  const { artifacts, clock } = parts;
  const work = new UnitOfWork({ codec, artifacts, read, grace: 0, now: () => clock.now() });
  const call = { engine, work, request };
  const interaction = await findInteraction(call);
  if (interaction?.uid !== uid) return undefined;
  const { client_id: id } = interaction.params;
  const client = await engine.within(work, () => engine.provider.Client.find(String(id)));
  if (client === undefined) return undefined;
  const { clientId, clientName = clientId } = client;
  return { uid, tenant, issuer, call, interaction, client: { id: clientId, name: clientName } };
}
