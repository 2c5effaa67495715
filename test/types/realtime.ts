import { deny, problems } from "gatehouse/kernel";
import { actor, defineRoom, isSecret, type ContractOf, type Secret } from "gatehouse/realtime";
import { z } from "zod";

type Equals<Left, Right> = (<T>() => T extends Left ? 1 : 2) extends <T>() => T extends Right ? 1 : 2 ? true : false;
function expectTrue<Claim extends true>(): Claim | undefined {
  return undefined;
}

export const room = actor("room", {
  key: ["event"],
  state: z.object({ count: z.number(), pin: z.custom<Secret<string>>(isSecret).optional() }),
  initial: (key) => {
    expectTrue<Equals<typeof key.event, string>>();
    // @ts-expect-error the key has no such part
    void key.name;
    return { count: 0 };
  },
  channels: {
    default: { canSubscribe: ({ principal, key }) => principal.id === key.event },
    staff: { canSubscribe: async () => true, history: true },
  },
  events: {
    said: { schema: z.object({ text: z.string(), at: z.string().transform(Number) }) },
    typing: { schema: z.object({}), volatile: true },
  },
  timers: {
    end: {
      payload: z.object({ reason: z.string() }),
      handler: ({ payload, state }) => {
        expectTrue<Equals<typeof payload.reason, string>>();
        state.count = 0;
      },
    },
  },
  commands: {
    say: {
      input: z.object({ text: z.string(), times: z.string().transform(Number) }),
      policy: ({ input }) => {
        expectTrue<Equals<typeof input.times, number>>();
        return true;
      },
      handler: ({ state, input, key, emit, timers }) => {
        expectTrue<Equals<typeof input.times, number>>();
        expectTrue<Equals<typeof key.event, string>>();
        expectTrue<Equals<typeof state.pin, Secret<string> | undefined>>();
        emit("said", { text: input.text, at: "5" });
        timers.set("end", { in: 5000 }, { reason: "over" });
        // @ts-expect-error what the event carries has another type
        emit("said", { text: 5, at: "5" });
        // @ts-expect-error there is no such event
        emit("sung", {});
        // @ts-expect-error there is no such timer
        timers.clear("begin");
        // @ts-expect-error the timer carries something else
        timers.set("end", { in: 5000 }, {});
        // @ts-expect-error there is no such member of the state
        void state.cuont;
        return { count: state.count };
      },
    },
    leave: {
      input: z.object({}),
      policy: "public",
      handler: async ({ state }) => (state.count > 0 ? deny(problems.STATE_CONFLICT) : "gone"),
    },
  },
  signals: {
    type: {
      input: z.object({}),
      policy: "public",
      handler: ({ emit, state }) => {
        emit.toOthers("typing", {});
        expectTrue<Equals<typeof state.count, number>>();
      },
    },
  },
  view: ({ count }) => ({ count }),
});

type RoomContract = ContractOf<typeof room>;
expectTrue<Equals<RoomContract["type"], "room">>();
expectTrue<Equals<RoomContract["key"], readonly ["event"]>>();
expectTrue<Equals<RoomContract["channels"], "default" | "staff">>();
expectTrue<Equals<RoomContract["commands"]["say"]["input"], { text: string; times: string }>>();
expectTrue<Equals<RoomContract["commands"]["say"]["output"], { count: number }>>();
expectTrue<Equals<RoomContract["commands"]["leave"]["output"], "gone">>();
expectTrue<Equals<RoomContract["commands"]["type"]["output"], void>>();
expectTrue<Equals<RoomContract["events"]["said"], { text: string; at: string }>>();
expectTrue<Equals<RoomContract["state"], { count: number }>>();

actor("bad", {
  key: [],
  state: z.object({ count: z.number() }),
  // @ts-expect-error the first state is not a state
  initial: () => ({ count: "0" }),
  commands: {
    // @ts-expect-error a rule is required
    unguarded: { input: z.object({}), handler: () => undefined },
  },
});

export const chat = defineRoom({
  name: "chat",
  key: ["room"],
  state: z.object({ count: z.number() }),
  initial: () => ({ count: 0 }),
  admit: ({ principal }) => principal.type === "user",
  extractMeta: ({ principal, userId }) => ({ userId, admin: principal.grants.has("admin") }),
  messages: { say: { input: z.object({ text: z.string() }) } },
  events: { said: { schema: z.object({ text: z.string() }) } },
});
chat.on("say", ({ meta, state, emit, actor: self }, { text }) => {
  expectTrue<Equals<typeof meta.admin, boolean>>();
  expectTrue<Equals<typeof text, string>>();
  emit.to("default").emit("said", { text });
  self.broadcast("default", { event: "said", data: { text } });
  state.count += 1;
  // @ts-expect-error what the event carries has another type
  self.sendToUser("ada", { event: "said", data: { words: text } });
});
// @ts-expect-error there is no such message
chat.on("sing", () => undefined);
expectTrue<Equals<ContractOf<typeof chat>["commands"]["say"]["input"], { text: string }>>();
