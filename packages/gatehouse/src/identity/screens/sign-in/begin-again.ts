import type { Inbound } from "../../../http/inbound.ts";
import type { Store } from "../../../kernel/ports/store.ts";
import { OAUTH_PATHS } from "../../engine/configuration.ts";
import { UnitOfWork } from "../../engine/unit-of-work.ts";
import type { VisitParts } from "./visit.ts";

/**
 * The address at which a sign-in begins anew that a browser has lost hold of; `undefined` where nothing is known of it
 * any more. It is what the application has asked for once more: only the browser that has asked can use the answer.
 */
export async function beginAgainAt(
  { issuers, artifacts, clock, store }: VisitParts & { readonly store: Pick<Store, "read"> },
  { tenant }: Inbound,
  uid: string,
): Promise<string | undefined> {
  await issuers.ready();
  const { engine, codec } = issuers.of(tenant);
  const read: Store["read"] = (look) => store.read(look);
  const work = new UnitOfWork({ codec, artifacts, read, grace: 0, now: () => clock.now() });
  return engine.within(work, async () => {
    const interaction = await engine.provider.Interaction.find(uid);
    if (interaction === undefined || interaction.deviceCode !== undefined) return undefined;
    const client = await engine.provider.Client.find(String(interaction.params["client_id"]));
    // What has to be sent or signed by the application itself, nobody else can repeat.
    if (client === undefined || client["requirePushedAuthorizationRequests"] === true) return undefined;
    if (client["requireSignedRequestObject"] === true) return undefined;
    const query = Object.entries(interaction.params).filter((entry): entry is [string, string] => {
      return typeof entry[1] === "string" && entry[0] !== "request" && entry[0] !== "request_uri";
    });
    return `${OAUTH_PATHS.authorization}?${new URLSearchParams(query).toString()}`;
  });
}
