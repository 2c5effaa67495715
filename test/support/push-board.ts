import { html } from "gatehouse/html";
import { live } from "gatehouse/live";
import {
  openLiveKit,
  type FollowedComponent,
  type LiveKit,
  type LiveKitOptions,
  type LiveVisitor,
} from "gatehouse/testing";
import { z } from "zod";

/** A kit with a component that follows the topic of its visitor's own, and one where visitors sign in and out. */
export async function openBoard(options: Partial<LiveKitOptions> = {}): Promise<LiveKit> {
  const opened: { kit?: LiveKit } = {};
  const sessions = (): LiveKit["edge"]["sessions"] => {
    if (opened.kit === undefined) throw new Error("The kit is not open yet.");
    return opened.kit.edge.sessions;
  };
  const board = live("board", {
    state: z.object({}),
    mount: () => ({}),
    topics: ({ principal }) => ["board", `mail of ${principal.id}`],
    actions: () => ({}),
    render: () => html`<p>board</p>`,
  });
  const door = live("door", {
    state: z.object({}),
    mount: () => ({}),
    actions: (action) => ({
      enter: action({ input: z.object({ user: z.string() }), authorise: "public" }, async (context, { user }) => {
        await sessions().login(context, { type: "user", id: user, grants: [] });
        return {};
      }),
      knock: action({ authorise: "public" }, () => undefined),
      leave: action({ authorise: "public" }, async (context) => {
        await sessions().logout(context);
        return {};
      }),
    }),
    render: () => html`<p>door</p>`,
  });
  opened.kit = await openLiveKit({ ...options, components: [board, door, ...(options.components ?? [])] });
  return opened.kit;
}

/** Has a visitor sign in. */
export async function enter(visitor: LiveVisitor, user: string): Promise<void> {
  await visitor.callAction(visitor.mountComponent("door:main"), "enter", { user });
}

/** Has a visitor sign out. */
export async function leave(visitor: LiveVisitor): Promise<void> {
  await visitor.callAction(visitor.mountComponent("door:main"), "leave");
}

/** The board of a visitor's page, with the token of its topics. */
export async function boardOf(visitor: LiveVisitor): Promise<FollowedComponent> {
  const [, topics] = /data-live-topics="?([^\s">]+)/.exec(await visitor.page()) ?? [];
  if (topics === undefined) throw new Error("The page has no board.");
  return { component_id: "board:main", topics };
}

/** Code of the refusal of a stream; nothing where there is none. */
export async function refusalOf(stream: Promise<AsyncDisposable>): Promise<string | undefined> {
  try {
    await (await stream)[Symbol.asyncDispose]();
    return undefined;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}
