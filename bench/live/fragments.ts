import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Hono, type Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { html } from "hono/html";
import { ROWS, vote, type Row } from "./rows.ts";

/** What a visitor has; lost with the process. */
interface Visit {
  likes: number;
  rows: readonly Row[];
}

type Content = ReturnType<typeof html>;

function like({ likes }: Visit): Content {
  return html`<div id="like"><p>Likes: <output>${likes}</output></p>
      <button hx-post="/like" hx-target="#like" hx-swap="outerHTML">Like</button></div>`;
}

function table({ rows }: Visit): Content {
  const tableRow = ({ id, name, city, votes }: Row): Content =>
    html`<tr><td>${name}</td><td>${city}</td><td><output>${votes}</output></td><td><button name="row" value="${id}" hx-post="/table">Vote</button></td></tr>`;
  return html`<table id="table" hx-target:inherited="#table" hx-swap:inherited="outerHTML">
        <thead><tr><th>Name</th><th>City</th><th>Votes</th><th></th></tr></thead>
        <tbody>${rows.map(tableRow)}</tbody>
      </table>`;
}

/** The same components as fragments for htmx. A cookie tells visitors apart; nothing is guarded, nothing stored. */
export function fragments(): Hono {
  const visits = new Map<string, Visit>();
  const script = readFileSync(fileURLToPath(import.meta.resolve("htmx.org/dist/htmx.min.js")), "utf8");
  const visitOf = (context: Context): Visit => {
    const id = getCookie(context, "visit") ?? crypto.randomUUID();
    const visit = visits.get(id) ?? { likes: 0, rows: ROWS };
    if (!visits.has(id)) {
      visits.set(id, visit);
      setCookie(context, "visit", id, { httpOnly: true, sameSite: "Strict" });
    }
    return visit;
  };
  const page = (context: Context, content: Content): Response | Promise<Response> =>
    context.html(
      html`<!doctype html><html lang="en"><head><meta charset="utf-8" /><title>Votes</title><script src="/htmx.js"></script></head><body>${content}</body></html>`,
    );
  return new Hono()
    .get("/htmx.js", (context) => context.body(script, 200, { "content-type": "text/javascript" }))
    .get("/like", (context) => page(context, like(visitOf(context))))
    .get("/table", (context) => page(context, table(visitOf(context))))
    .post("/like", (context) => {
      const visit = visitOf(context);
      visit.likes += 1;
      return context.html(like(visit));
    })
    .post("/table", async (context) => {
      const visit = visitOf(context);
      const { row } = await context.req.parseBody();
      visit.rows = vote(visit.rows, Number(row));
      return context.html(table(visit));
    });
}
