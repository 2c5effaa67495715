// Over a connection that is open anyway much can be said that no request would carry past its guards. Whatever guards an
// action has to guard it there, too: every attack of the guard suite is sent over WebSockets to an actor that listens.
import { deny, isDenial, problems, type ActionContext, type AnyAction, type Store } from "gatehouse/kernel";
import { actor, type AnyActor } from "gatehouse/realtime";
import { describeGuardsOn } from "gatehouse/testing";
import { z } from "zod";
import { ConnectionHarness } from "../support/connection-harness.ts";
import { openGuarded } from "../support/guarded-server.ts";

const TYPE = "suite";
/** Replies of actors are kept for retries for a day. */
const KEPT = 86_400;

/** Actions of the suite prepare nothing, and touch no store. */
const NOTHING = undefined as never;
const UNUSED = { transaction: NOTHING, store: NOTHING, prepared: NOTHING, stepKey: NOTHING };

type Asked = Pick<ActionContext<unknown>, "principal" | "attempt" | "input"> & Pick<Store, "read">;

/** An actor with a command for each action of the suite: the same rule and limits, the same effect. */
function actorOf(actions: readonly AnyAction[]): AnyActor {
  const commands = Object.fromEntries(
    actions.map(({ name, input, authorise, limits, run }) => [
      name.slice(TYPE.length + 1),
      {
        input,
        ...(limits !== undefined && { limits }),
        policy: (asked: Asked) => {
          if (authorise === "public") return true;
          // Strangers are let in to this type of actor, so that its rules have to send them to sign in.
          return asked.principal.type === "anonymous" ? deny(problems.AUTHENTICATION_REQUIRED) : authorise(asked);
        },
        handler: async (context: Pick<ActionContext<unknown>, "attempt" | "principal" | "input" | "now">) => {
          const value: unknown = await run({ ...context, ...UNUSED });
          return isDenial(value) ? value : z.looseObject({}).parse(value);
        },
      },
    ]),
  );
  return actor(TYPE, { key: ["name"], state: z.object({}), initial: () => ({}), anonymous: true, commands });
}

describeGuardsOn("connections", {
  entrance: "realtime",
  provenance: "connection",
  wire: "frames",
  opening: "realtime.open",
  tellsReplay: false,
  tellsLifetime: false,
  requiresKeys: false,
  kept: KEPT,
  endedSession: "CREDENTIAL_INVALID",
  unknownAction: "ACTION_NOT_FOUND",
  otherTenant: "AUTHENTICATION_REQUIRED",
  target: "suite:table",
  open: ({ here, elsewhere }) => {
    const actors = [actorOf(here)];
    return ConnectionHarness.open(() =>
      openGuarded(() => ({ actions: [elsewhere], realtime: { actors, anonymous: true, authorise: "public" } })),
    );
  },
});
