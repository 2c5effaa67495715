import { describeAdapter } from "../support/adapter-attacks.ts";
import { startExample } from "../support/example.ts";

describeAdapter("node:http", () => startExample("node"));
describeAdapter("Express", () => startExample("express"), ["/payments", "/late/payments"]);
describeAdapter("Fastify", () => startExample("fastify"));
describeAdapter("Hono", () => startExample("hono"));
