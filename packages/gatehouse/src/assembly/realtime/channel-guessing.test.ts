/**
 * Channels have names that people choose: whoever tries `room:wedding`, `room:wedding:staff` and a thousand others finds
 * out which rooms there are, hears what nobody meant for them, or reads the history of it.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { actor } from "../../realtime/actor/actor.ts";
import { startRealtimeSite } from "../../testing/realtime-site.ts";
import { RoomConnection } from "../../testing/room-connection.ts";

/** A room that only its members may hear, whom it keeps in its state. */
const club = actor("club", {
  key: ["name"],
  state: z.object({ members: z.array(z.string()) }),
  initial: () => ({ members: [] }),
  channels: {
    default: {
      canSubscribe: async ({ principal, state }) => {
        // The state is the room's own, or nothing before anybody has founded it.
        const found = (await state()) as { members: string[] } | undefined;
        return found?.members.includes(principal.id) === true;
      },
      history: true,
      presence: true,
    },
  },
  events: { said: { schema: z.object({ text: z.string() }) } },
  commands: {
    found: {
      input: z.object({}),
      policy: "public",
      handler: ({ state, principal, emit }) => {
        state.members.push(principal.id);
        emit("said", { text: "the code of the door is 4711" });
      },
    },
  },
  view: ({ members }) => ({ members }),
});

const ways = (channel: string): object[] => [
  { subscribe: { channel } },
  { subscribe: { channel, recover: true, offset: 0, epoch: "" } },
  { history: { channel, limit: 100 } },
  { presence: { channel } },
  { presence_stats: { channel } },
];

describe("Guessing of channels", () => {
  it("tells nothing apart: not what there is from what there is not, and not by any way", async () => {
    await using site = await startRealtimeSite({
      actors: [club],
      settings: { limits: { trustedCidrs: ["127.0.0.1/32"] } },
    });
    using ada = await RoomConnection.connect(site.origin, "user-ada");
    const wedding = { type: "club", key: ["wedding"] };
    equal((await ada.call(wedding, "found", {})).error, undefined);
    equal((await ada.ask({ subscribe: { channel: "club:wedding" } })).error, undefined);
    using eve = await RoomConnection.connect(site.origin, "user-eve");
    const answers = async (name: string): Promise<unknown[]> => {
      const told = [];
      for (const way of ways(`club:${name}`)) told.push(await eve.ask(way));
      told.push(await eve.call({ type: "club", key: [name] }, "state", {}));
      // Each attempt has an identifier of its own.
      return told.map(({ error, id: _, ...rest }) => [error?.code, error?.message.replace(/request [\w-]+/, ""), rest]);
    };
    const there = await answers("wedding");
    deepEqual(there, await answers("nothing-of-this-name"));
    deepEqual(
      there.map((one) => (one as unknown[])[0]),
      there.map(() => 103),
    );
    equal(eve.told.filter(({ push }) => push !== undefined).length, 0);
    ok(!JSON.stringify(eve.told).includes("4711"));
  });

  it("is refused for names of another making, counted, and ended", async () => {
    await using site = await startRealtimeSite({ settings: { limits: { trustedCidrs: ["127.0.0.1/32"] } } });
    using eve = await RoomConnection.connect(site.origin, "user-eve");
    const names = [
      ...[
        "room:*",
        "room:",
        "room",
        ":",
        "room:lobby:*",
        "room:lobby:staff:x",
        "room:%6cobby:staff",
        "room:lobby:STAFF",
      ],
      ...["$room:lobby", "#eve", "room:lobby#ada", "room:lobby,room:lobby:staff", "admin:lobby"],
      ...["__proto__:lobby", "room:__proto__:staff", "constructor", "x".repeat(201)],
    ];
    for (const channel of names) {
      const { error } = await eve.ask({ subscribe: { channel } });
      ok([103, 104, 107].includes(error?.code ?? 0), `${JSON.stringify(channel)}: ${error?.code ?? "subscribed"}`);
    }
    for (let guess = 0; eve.code === undefined && guess < 300; guess += 20) {
      const ids = Array.from({ length: 20 }, () => eve.number());
      eve.say(...ids.map((id) => ({ id, subscribe: { channel: `room:guess${id}:staff` } })));
      await Promise.all(ids.map((id) => eve.replyTo(id)));
    }
    equal(await eve.closed, 3509);
  });

  it("is recorded, by whom it was and in which actor type", async () => {
    await using site = await startRealtimeSite();
    const recorded: string[] = [];
    using _ = site.server.gatehouse.services.events.subscribe(({ name, actor: { id }, action, outcome }) => {
      if (id === "eve") recorded.push(`${name} ${action} ${outcome}`);
    });
    using eve = await RoomConnection.connect(site.origin, "user-eve");
    await eve.ask({ subscribe: { channel: "room:lobby:staff" } });
    await eve.ask({ subscribe: { channel: "vault:lobby" } });
    deepEqual(recorded, ["authz_fail room.subscribe denied", "request_refused gate.unknown denied"]);
  });
});
