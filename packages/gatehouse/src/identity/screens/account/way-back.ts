import { stringifySetCookie } from "cookie";
import type { Inbound } from "../../../http/inbound.ts";
import type { Clock } from "../../../kernel/clock.ts";
import type { OAuthArtifacts } from "../../../kernel/ports/oauth-artifacts.ts";
import type { Store } from "../../../kernel/ports/store.ts";
import { UnitOfWork } from "../../engine/unit-of-work.ts";
import type { Issuers } from "../../issuers.ts";
import { SIGN_IN_PARAMETER } from "./paths.ts";

/** What sign-ins are found with. */
export interface WayBackParts {
  readonly clock: Clock;
  readonly artifacts: OAuthArtifacts;
  readonly issuers: Issuers;
  readonly store: Pick<Store, "read">;
}

const NAME = "gatehouse-sign-in";
/** Seconds: as long as a letter may take, and its reader. */
const KEPT = 3600;
const UID = /^[\w-]{1,100}$/;

/** The sign-in that somebody has come from, as their browser says: it opens nothing that is not the browser's own. */
export function originatingSignIn({ url, cookies }: Inbound): string | undefined {
  const uid = url.searchParams.get(SIGN_IN_PARAMETER) ?? cookies.get(NAME) ?? "";
  return UID.test(uid) ? uid : undefined;
}

/** A field that has a browser remember the sign-in; a link in a letter does not know it. */
export function rememberSignIn({ peer }: Inbound, uid: string): string {
  return stringifySetCookie({
    ...{ name: NAME, value: uid, path: "/", httpOnly: true, secure: peer.tls, sameSite: "lax" as const },
    maxAge: KEPT,
  });
}

/** The path at which the sign-in goes on that somebody has come from; `undefined` where it is over. */
export async function wayBack(parts: WayBackParts, inbound: Inbound): Promise<string | undefined> {
  const uid = originatingSignIn(inbound);
  if (uid === undefined) return undefined;
  const { issuers, artifacts, clock, store } = parts;
  await issuers.ready();
  const { engine, codec } = issuers.of(inbound.tenant);
  const read: Store["read"] = (look) => store.read(look);
  const work = new UnitOfWork({ codec, artifacts, read, grace: 0, now: () => clock.now() });
  const { Interaction, Session } = engine.provider;
  const stands = await engine.within(work, async () => {
    const interaction = await Interaction.find(uid);
    // Who was signed in when it began, and is not any more, cannot end it.
    const before = interaction?.session?.uid;
    return interaction !== undefined && (before === undefined || (await Session.findByUid(before)) !== undefined);
  });
  return stands ? `/sign-in/${uid}` : undefined;
}
