import type { Renderable } from "../html/html.ts";

/** What one page of the console shows within its frame. */
export interface PageContent {
  readonly title: string;
  readonly lead: string;
  readonly path: string;
  readonly body: Renderable;
  /** Whether keys work on it besides the pointer. */
  readonly keys?: boolean;
  /** Default 200. */
  readonly status?: number;
}
