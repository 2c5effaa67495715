/**
 * A Hono application with one guarded action. Run with Node 24, in the repository:
 * node_modules/.bin/node --conditions=gatehouse-source examples/hono/server.ts
 */
import { join } from "node:path";
import { serve } from "@hono/node-server";
import { createHonoAdapter } from "gatehouse/http/hono";
import { Hono } from "hono";
import { endWith, onStop, openPayments, pay, paymentPage } from "../payments.ts";

const gatehouse = await openPayments(join(import.meta.dirname, "data")).catch(endWith);
const { edge, services } = gatehouse;
const guarded = createHonoAdapter(edge);
const app = new Hono();

// Security headers on everything, and an end to requests that break the protocol.
app.use(guarded.protect());

// The guarded action.
app.post("/payments", guarded.action(pay));

// The rest of the application stays as it is.
app.get("/", (context) => context.html(paymentPage(edge.csrfToken(edge.of(context)), services.ids.next())));

// Routes of Gatehouse itself: fresh CSRF tokens, policy reports, and a proper 404 for all the rest.
app.all("*", guarded.handler(gatehouse.handler));

const server = serve({ fetch: app.fetch, port: Number(process.env["PORT"] ?? 3000), hostname: "127.0.0.1" }, () =>
  console.log("Listening"),
);
server.on("error", endWith);

onStop(() => {
  server.close(() => void gatehouse[Symbol.asyncDispose]());
});
