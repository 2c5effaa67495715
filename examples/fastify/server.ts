/**
 * A Fastify 5 application with one guarded action. Run with Node 24, in the repository:
 * node_modules/.bin/node --conditions=gatehouse-source examples/fastify/server.ts
 */
import { join } from "node:path";
import fastify from "fastify";
import { createFastifyAdapter } from "gatehouse/http/fastify";
import { endWith, onStop, openPayments, pay, paymentPage } from "../payments.ts";

const gatehouse = await openPayments(join(import.meta.dirname, "data")).catch(endWith);
const guarded = createFastifyAdapter(gatehouse.edge);
const app = fastify();

// Security headers on everything, and an end to requests that break the protocol.
app.addHook("onRequest", guarded.protect());

// Guards need the body as it was sent: in this scope nobody parses it before them.
await app.register(async (scope) => {
  guarded.leaveBodies(scope);
  scope.post("/payments", guarded.action(pay));
  // Routes of Gatehouse itself: fresh CSRF tokens, policy reports, and a proper 404 for all the rest.
  scope.all("/*", guarded.handler(gatehouse.handler));
});

// The rest of the application stays as it is.
app.get("/", async (request, reply) => {
  const token = guarded.csrfToken(request, reply);
  return reply.type("text/html").send(paymentPage(token, gatehouse.services.ids.next()));
});

await app.listen({ port: Number(process.env["PORT"] ?? 3000), host: "127.0.0.1" }).catch(endWith);
console.log("Listening");

onStop(() => {
  void app.close().then(() => gatehouse[Symbol.asyncDispose]());
});
