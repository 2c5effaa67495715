import type { Context } from "hono";
import type { Edge } from "../http/edge.ts";
import type { Inbound } from "../http/inbound.ts";
import type { Ids } from "../kernel/ids.ts";
import type { Denial } from "../kernel/outcome.ts";
import type { PageContent } from "./page-content.ts";

/** What pages need of the console they are in. */
export interface PageParts {
  readonly edge: Edge;
  readonly ids: Ids;
  /** Whether there is an action: without an identity provider there are none for what it keeps. */
  readonly isOffered: (action: string) => boolean;
  /** Shows a page within the console, to operators. */
  readonly show: (context: Context, content: (inbound: Inbound) => Promise<PageContent>) => Promise<Response>;
  readonly ask: (inbound: Inbound, asked: { action: string; input?: unknown }) => Promise<unknown>;
  readonly refuse: (inbound: Inbound, denial: Denial) => Promise<Response>;
}
