/**
 * One of the servers that are measured, in a process of its own:
 *
 * - `raw`: a bare Node server that streams a body into a file; nothing is checked, nothing made durable.
 * - `durable`: the same, with fdatasync before it answers.
 * - `tus`: @tus/server with @tus/file-store.
 * - `gatehouse`: the assembled server in its production profile, every guard on: offsets acknowledged once durable.
 */
import { createWriteStream } from "node:fs";
import { mkdir, open, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";
import { defineApplication, type Application } from "gatehouse";
import { production, serveGuarded } from "../../support/guarded-server.ts";
import { answerParent, KEEP_ALIVE, type Running } from "../../support/served.ts";

const [variant = ""] = process.argv.slice(2);

async function serveRaw(directory: string, durable: boolean): Promise<Running> {
  let count = 0;
  const server = createServer((request, response) => {
    if (request.method === "DELETE") {
      void rm(directory, { recursive: true, force: true }).then(async () => {
        await mkdir(directory);
        response.end();
      });
      return;
    }
    count += 1;
    const path = join(directory, String(count));
    const file = createWriteStream(path);
    void pipeline(request, file).then(async () => {
      if (durable) {
        const handle = await open(path, "r+");
        await handle.datasync();
        await handle.close();
      }
      response.end();
    });
  });
  return listening(server);
}

function listening(server: ReturnType<typeof createServer>): Promise<Running> {
  const { promise, resolve } = Promise.withResolvers<Running>();
  server.requestTimeout = 0;
  server.keepAliveTimeout = KEEP_ALIVE;
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    resolve({ port, close: () => new Promise((closed) => server.close(closed)) });
  });
  return promise;
}

function serveTus(directory: string): Promise<Running> {
  const tus = new Server({ path: "/uploads", datastore: new FileStore({ directory }), relativeLocation: true });
  return listening(createServer((request, response) => void tus.handle(request, response)));
}

/** Whoever comes may upload: what is measured is everything else. */
function uploadsOnly(): Application {
  return defineApplication({
    open: () => ({
      authenticators: {
        bearer: {
          kind: "bearer",
          authenticate: async ({ token }, { tenant }) => ({
            ...{ type: "guest", id: token, tenant, grants: new Set<string>() },
          }),
        },
      },
      media: {
        grants: {
          of: async (_, { collection }) => ({
            ...{ id: "all", generation: 1, tenant: "default", collection, expiresAt: undefined },
            quota: { files: 1e9, bytes: 1e15 },
            scopes: new Set(["upload"] as const),
          }),
          generation: () => 1,
        },
        intake: { received: async () => undefined },
      },
    }),
  });
}

const variants: Readonly<Record<string, (directory: string) => Promise<Running>>> = {
  raw: (directory) => serveRaw(directory, false),
  durable: (directory) => serveRaw(directory, true),
  tus: serveTus,
  gatehouse: (directory) => serveGuarded(uploadsOnly(), { ...production("https://uploads.example", directory) }),
};
const start = variants[variant];
if (start === undefined) throw new Error("There is no such server.");
await answerParent(start);
