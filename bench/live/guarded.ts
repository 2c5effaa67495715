import { Hono } from "hono";
import { defineApplication, type Application } from "gatehouse";
import { html, type Html } from "gatehouse/html";
import type { Inbound } from "gatehouse/http";
import { defineAction } from "gatehouse/kernel";
import { live, type LiveComponent } from "gatehouse/live";
import * as z from "zod";
import { ROWS, vote, type Row } from "./rows.ts";

type Mode = "store" | "sealed";

const RowState = z.object({ id: z.int(), name: z.string(), city: z.string(), votes: z.int() });
/** Counted for each visitor, and out of reach of the load. */
const LIMIT = { rateLimit: 1_000_000_000, rateLimitWindow: 60 };

function like(mode: Mode): LiveComponent {
  return live("like", {
    mode,
    state: z.object({ likes: z.int() }),
    mount: ({ previous }) => previous ?? { likes: 0 },
    actions: (action) => ({
      like: action({ ...LIMIT, authorise: ({ principal }) => principal.grants.has("vote") }, ({ state }) => ({
        likes: state.likes + 1,
      })),
    }),
    render: ({ state, act }) => html`<p>Likes: <output>${state.likes}</output></p>
      <button ${act.like()}>Like</button>`,
  });
}

function table(mode: Mode): LiveComponent {
  return live("table", {
    mode,
    state: z.object({ rows: z.array(RowState) }),
    contentOnly: ["rows"],
    mount: ({ previous }) => previous ?? { rows: [...ROWS] },
    actions: (action) => ({
      vote: action(
        {
          ...LIMIT,
          input: z.object({
            row: z
              .int()
              .min(0)
              .max(ROWS.length - 1),
          }),
          authorise: ({ principal }) => principal.grants.has("vote"),
        },
        ({ state }, { row }) => ({ rows: vote(state.rows, row) }),
      ),
    }),
    render: ({ state, act }) => {
      const tableRow = ({ id, name, city, votes }: Row): Html =>
        html`<tr><td>${name}</td><td>${city}</td><td><output>${votes}</output></td><td><button ${act.vote({ row: id })}>Vote</button></td></tr>`;
      return html`<table>
        <thead><tr><th>Name</th><th>City</th><th>Votes</th><th></th></tr></thead>
        <tbody>${state.rows.map(tableRow)}</tbody>
      </table>`;
    },
  });
}

/** The two components behind every guard, for visitors who have signed in. */
export function guardedApplication(mode: Mode): Application {
  return defineApplication({
    open({ edge }) {
      const components = [like(mode), table(mode)];
      const signIn = defineAction({
        name: "session.begin",
        entrances: ["http"],
        effects: "store",
        authorise: "public",
        input: z.object({ id: z.string() }),
        idempotency: false,
        limits: [{ name: "sign-in", by: ["ip"], rule: { kind: "window", limit: 1_000_000_000, window: 60_000 } }],
        async run({ attempt, transaction, input: { id } }) {
          const principal = await edge.sessions.login({ attempt, transaction }, { type: "user", id, grants: ["vote"] });
          return { id: principal.id };
        },
      });
      const page = (inbound: Inbound, head: Html, body: readonly Html[]): Response =>
        edge.page(
          inbound,
          html`<!doctype html><html lang="en"><head><meta charset="utf-8" /><title>Votes</title>${head}</head><body>${body}</body></html>`,
        );
      return {
        components,
        actions: [signIn],
        routes: (mounted) => {
          const app = new Hono().post("/sign-in", edge.action(signIn));
          for (const component of components) {
            app.get(`/${component.name}`, async (context) => {
              const inbound = edge.of(context);
              return page(inbound, mounted.head(inbound), [await mounted.mount(component, { inbound })]);
            });
          }
          return app;
        },
      };
    },
  });
}
