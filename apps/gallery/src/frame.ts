import type { Services } from "gatehouse";
import type { Html, Renderable } from "gatehouse/html";
import type { Inbound, StaticFiles } from "gatehouse/http";
import { page } from "./layout.ts";

/** What a page puts into the frame that all pages share. */
export interface FrameContent {
  readonly title: string;
  readonly body: Renderable;
  /** What the live runtime needs in the head. */
  readonly head: Renderable;
}

/** Makes a whole page for whoever asks. */
export type Frame = (inbound: Inbound, content: FrameContent) => Promise<Html>;

/** The frame of the gallery's pages: its style, its mark, and who is looking. */
export function createFrame({ edge }: Pick<Services, "edge">, assets: StaticFiles): Frame {
  return async (inbound, content) => {
    const { type } = await edge.sessions.principal(inbound);
    return page({
      ...content,
      stylesheet: assets.file("gallery.css").path,
      icon: assets.file("icon.svg").path,
      guest: type === "guest",
    });
  };
}
