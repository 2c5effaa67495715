/**
 * An Express 5 application with one guarded action. Run with Node 24, in the repository:
 * node_modules/.bin/node --conditions=gatehouse-source examples/express/server.ts
 */
import { join } from "node:path";
import express from "express";
import { createExpressAdapter, keepRawBody } from "gatehouse/http/express";
import { endWith, onStop, openPayments, pay, paymentPage } from "../payments.ts";

const gatehouse = await openPayments(join(import.meta.dirname, "data")).catch(endWith);
const guarded = createExpressAdapter(gatehouse.edge);
const app = express();
app.disable("x-powered-by");

// Security headers on everything, and an end to requests that break the protocol.
app.use(guarded.protect());

// Guards need the body as it was sent: guarded routes come before body parsers ...
app.post("/payments", guarded.action(pay));

// ... or the parsers keep a copy for them.
app.use(express.json({ verify: keepRawBody }));
app.post("/late/payments", guarded.action(pay));

// The rest of the application stays as it is.
app.get("/", (request, response) => {
  response.type("html").send(paymentPage(guarded.csrfToken(request, response), gatehouse.services.ids.next()));
});

// Routes of Gatehouse itself: fresh CSRF tokens, policy reports, and a proper 404 for all the rest.
app.use(guarded.handler(gatehouse.handler));

const server = app.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1", (error) =>
  error === undefined ? console.log("Listening") : endWith(error),
);

onStop(() => {
  server.close(() => void gatehouse[Symbol.asyncDispose]());
  server.closeIdleConnections();
});
