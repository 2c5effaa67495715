import { Hono } from "hono";
import { z } from "zod";
import type { Edge } from "../../http/edge.ts";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import { deny } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import { metadataOf } from "./metadata.ts";
import { METADATA_PATH, metadataAddress, type OAuthResource } from "./oauth-resource.ts";
import type { TokenIssuer } from "./token-issuer.ts";

/** What the routes tell about. */
export interface MetadataRoutesParts {
  readonly edge: Edge;
  readonly resources: readonly OAuthResource[];
  readonly issuers: readonly TokenIssuer[];
  readonly metadata?: MetadataPlace | undefined;
}

/** The name of the action that tells of resources, and its paths. */
export interface MetadataPlace {
  readonly action: string;
  readonly paths: readonly string[];
}

/** Any resource may be told of below the well-known path. */
const EVERYWHERE: MetadataPlace = { action: "oauth.resource", paths: [METADATA_PATH, `${METADATA_PATH}/*`] };

/** Seconds. */
const MAX_AGE = 300;
const MINUTE = 60_000;
/** Anybody's pages may read it: it is the same for all, and needs no credential. */
const OPEN = { "access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin" };

/** Where clients find out about protected resources, below the well-known path of RFC 9728. */
export function createMetadataRoutes({ edge, resources, issuers, metadata = EVERYWHERE }: MetadataRoutesParts): {
  readonly actions: readonly AnyAction[];
  readonly routes: Hono;
} {
  const action = defineAction({
    name: metadata.action,
    entrances: ["http"],
    effects: "none",
    authorise: "public",
    input: z.string(),
    limits: [{ name: "oauth.resource", by: ["ip"], rule: { kind: "window", limit: 240, window: MINUTE } }],
    run: async ({ input, attempt: { tenant } }) => {
      const resource = resources.find((candidate) => metadataAddress(candidate.resourceOf(tenant)) === input);
      if (resource === undefined) return deny(problems.NOT_FOUND);
      const ours = issuers.filter((issuer) => issuer.tenant === undefined || issuer.tenant === tenant);
      return metadataOf(resource, { tenant, issuers: ours.map((issuer) => issuer.issuerOf(tenant)) });
    },
  });
  const handler = edge.action(action, {
    input: (_query, { target, url }) => `${target}${url.pathname}${url.search}`,
    render: ({ value }, inbound) =>
      edge.json(inbound, value, { headers: { ...OPEN, "cache-control": `public, max-age=${MAX_AGE}` } }),
  });
  const routes = new Hono();
  for (const path of metadata.paths) {
    routes.get(path, handler);
    routes.options(path, (context) =>
      edge.json(edge.of(context), undefined, {
        headers: { ...OPEN, "access-control-allow-methods": "GET", "access-control-allow-headers": "*" },
      }),
    );
  }
  return { actions: [action], routes };
}
