import { live, reply } from "gatehouse/live";
import { html } from "gatehouse/html";
import { z } from "zod";

type Equals<Left, Right> = (<T>() => T extends Left ? 1 : 2) extends <T>() => T extends Right ? 1 : 2 ? true : false;
function expectTrue<Claim extends true>(): Claim | undefined {
  return undefined;
}

export const counter = live("counter", {
  state: z.object({ count: z.number(), card: z.string() }),
  secret: ["card"],
  mount: ({ previous, props }) => {
    expectTrue<Equals<typeof props, undefined>>();
    return previous ?? { count: 0, card: "" };
  },
  actions: (action) => ({
    increment: action(
      { input: z.object({ by: z.string().transform(Number) }), authorise: "public" },
      ({ state }, { by }) => {
        expectTrue<Equals<typeof state, { count: number; card: string }>>();
        expectTrue<Equals<typeof by, number>>();
        return { ...state, count: state.count + by };
      },
    ),
    reset: action({ authorise: "public" }, () => ({ count: 0, card: "" })),
    leave: action({ authorise: "public" }, () => reply({ effects: { redirect: "/" } })),
    nothing: action({ authorise: ({ principal }) => principal.type === "user" }, async () => undefined),
    // @ts-expect-error the answer is not a state
    wrong: action({ authorise: "public" }, () => ({ count: "1" })),
    // @ts-expect-error a rule is required
    unguarded: action({}, ({ state }) => state),
    typo: action({ authorise: "public" }, ({ state }) => {
      // @ts-expect-error there is no such member of the state
      void state.cuont;
      return undefined;
    }),
  }),
  render: ({ state, act }) => {
    expectTrue<Equals<typeof state.count, number>>();
    // @ts-expect-error secrets do not reach the content
    void state.card;
    // @ts-expect-error there is no such action
    void act.decrement;
    // @ts-expect-error the parameter has another type
    act.increment({ by: 1 });
    // @ts-expect-error the parameter is missing
    act.increment();
    // @ts-expect-error the action takes no parameters
    act.reset({ by: 1 });
    // @ts-expect-error there is no such field
    act.increment.field("amount");
    return html`<form ${act.increment.form}>${act.increment.fields}<input ${act.increment.field("by")} /></form>
      <button ${act.increment({ by: "1" })}>${state.count}</button><button ${act.reset()}>Reset</button>`;
  },
});

export const withProps = live("with-props", {
  props: z.object({ eventId: z.string() }),
  state: z.object({ entries: z.array(z.string()) }),
  mount: async ({ props }) => {
    expectTrue<Equals<typeof props, { eventId: string }>>();
    return { entries: [props.eventId] };
  },
  actions: (action) => ({
    sign: action(
      { input: z.object({ message: z.string() }), authorise: ({ input }) => input.message !== "" },
      async ({ state, props }, { message }) => {
        expectTrue<Equals<typeof props.eventId, string>>();
        return reply({ state: { entries: [...state.entries, message] }, effects: { announce: "Signed" } });
      },
    ),
  }),
  render: ({ state, props }) => html`${props.eventId}${state.entries}`,
});

live("bad", {
  state: z.object({ count: z.number() }),
  // @ts-expect-error there is no such member of the state to keep secret
  secret: ["card"],
  mount: () => ({ count: 0 }),
  actions: () => ({}),
  render: () => "",
});
