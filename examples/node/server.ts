/**
 * A bare `node:http` application with one guarded action. Run with Node 24, in the repository:
 * node_modules/.bin/node --conditions=gatehouse-source examples/node/server.ts
 */
import { createServer } from "node:http";
import { join } from "node:path";
import { createNodeAdapter } from "gatehouse/http/node";
import { endWith, onStop, openPayments, pay, paymentPage } from "../payments.ts";

const gatehouse = await openPayments(join(import.meta.dirname, "data")).catch(endWith);
const { edge, services } = gatehouse;
const adapter = createNodeAdapter(edge);
const payments = adapter.action(pay);
const own = adapter.handler(gatehouse.handler);

const server = createServer((request, response) => {
  route(request, response).catch((error: unknown) => {
    console.error(error);
    response.destroy();
  });
});

const route: typeof payments = async (request, response) => {
  // The guarded action.
  if (request.url === "/payments" && request.method === "POST") return payments(request, response);
  // Routes of Gatehouse itself: fresh CSRF tokens, policy reports, and a proper 404 for all the rest.
  if (request.url !== "/") return own(request, response);
  // A page the application writes by itself, with Gatehouse's headers and a token.
  if (!(await adapter.protect(request, response))) return;
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.end(paymentPage(adapter.csrfToken(request, response), services.ids.next()));
};

server.on("error", endWith);
server.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1", () => console.log("Listening"));

onStop(() => {
  server.close(() => void gatehouse[Symbol.asyncDispose]());
  server.closeIdleConnections();
});
