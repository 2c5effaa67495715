import { defineApplication, defineConfig } from "gatehouse";
import { defineAction } from "gatehouse/kernel";
import { createResourceServer, defineResource, issuerInProcess, oauth } from "gatehouse/oauth";
import { Hono } from "hono";
import { z } from "zod";

const known = { resource: "https://photos.example/api/photos", scopes: ["photos:read"] };
const photos = defineResource({ ...known, name: "Photos", boundTokensOnly: true });

const list = defineAction({
  name: "photos.list",
  entrances: ["http"],
  effects: "none",
  input: z.strictObject({}),
  authorise: oauth({ resource: photos, scopes: ["photos:read"] }),
  run: async ({ principal: { type, id } }) => ({ for: `${type} ${id}`, photos: ["harbour.jpg"] }),
});

/** An API for programs, whose tokens are bound to keys of theirs. */
export const application = defineApplication({
  open: (services) => {
    const { edge, identity } = services;
    if (identity === undefined) throw new TypeError("The identity provider is switched off.");
    const issuers = [issuerInProcess(identity.accessTokens)];
    const server = createResourceServer({ ...services, resources: [photos], issuers });
    return {
      actions: [list, ...server.actions],
      authenticators: server.authenticators,
      routes: () => new Hono().route("/", server.routes).get("/api/photos", edge.action(list)),
    };
  },
});

export default defineConfig({
  profile: "development",
  console: { enabled: false },
  identity: { resources: [known] },
});
