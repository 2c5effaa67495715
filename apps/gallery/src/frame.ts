import type { OwnRelyingParty, Services } from "gatehouse";
import type { Html, Renderable } from "gatehouse/html";
import type { Inbound, StaticFiles } from "gatehouse/http";
import { languages } from "./language.ts";
import { page, type Looker } from "./layout.ts";

/** What a page puts into the frame that all pages share. */
export interface FrameContent {
  readonly title: string;
  readonly body: Renderable;
  /** What the live runtime needs in the head. */
  readonly head: Renderable;
}

/** Makes a whole page for whoever asks. */
export type Frame = (inbound: Inbound, content: FrameContent) => Promise<Html>;

/** What frames are made with. */
export interface FrameParts {
  readonly assets: StaticFiles;
  /** How hosts sign in; `undefined` where there is no identity provider. */
  readonly signIn: Pick<OwnRelyingParty, "nameOf" | "paths" | "startAt"> | undefined;
}

/** The frame of the gallery's pages: its style, its mark, its languages, and who is looking. */
export function createFrame({ edge }: Pick<Services, "edge">, { assets, signIn }: FrameParts): Frame {
  const lookerAt = async (inbound: Inbound): Promise<Looker> => {
    const principal = await edge.sessions.principal(inbound);
    if (principal.type === "guest") return { kind: "guest" };
    if (signIn === undefined) return { kind: "stranger" };
    const name = await signIn.nameOf(principal, inbound.tenant);
    if (name === undefined) return { kind: "stranger", signIn: signIn.startAt(inbound.url.pathname) };
    return { kind: "host", name, signOut: signIn.paths.signOut, csrfToken: edge.csrfToken(inbound) };
  };
  return async (inbound, content) =>
    page({
      ...content,
      language: languages.of(inbound),
      address: inbound.method === "GET" ? inbound.url.pathname : undefined,
      stylesheet: assets.file("gallery.css").path,
      icon: assets.file("icon.svg").path,
      looker: await lookerAt(inbound),
    });
}
