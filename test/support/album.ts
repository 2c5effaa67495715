import { mkdtemp, readdir, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { html } from "gatehouse/html";
import { listen, type BodyPace, type Listening, type ServerLimits } from "gatehouse/http";
import { live, upload, type LiveComponent } from "gatehouse/live";
import type { UploadQuota } from "gatehouse/kernel";
import { openUploadFiles } from "gatehouse/store";
import { LiveCallError, openLiveKit, type LiveKit, type LiveVisitor } from "gatehouse/testing";

/** Bytes one file of an album may have. */
export const MOST_BYTES = 8 * 1_048_576;

function albumComponent(name: string): LiveComponent<undefined> {
  return live(name, {
    state: z.object({ names: z.array(z.string()) }),
    mount: ({ previous }) => previous ?? { names: [] },
    uploads: {
      photo: upload({
        accept: ["image/png", "image/jpeg"],
        maxBytes: MOST_BYTES,
        maxFiles: 50,
        authorise: "public",
        rateLimit: 100_000,
      }),
      cover: upload({ accept: ["image/png"], maxBytes: 10_000, authorise: "public" }),
    },
    actions: (action) => ({
      add: action(
        { input: z.object({}), uploads: ["photo", "cover"], authorise: "public", commutes: true, rateLimit: 100_000 },
        ({ state }, { photo, cover }) => ({
          names: [...state.names, ...[...photo, ...cover].map((file) => file.name)],
        }),
      ),
    }),
    render: ({ state, act }) => html`<form ${act.add.form}>
        ${act.add.fields}${act.add.upload("photo", { label: "Photos" })}${act.add.upload("cover", { label: "Cover" })}
      </form>
      ${state.names.join(", ")}`,
  });
}

/** A component with two upload fields, another of the same kind, and one without any. */
export const album: LiveComponent<undefined> = albumComponent("album");
/** See `album`. */
const scrapbook: LiveComponent<undefined> = albumComponent("scrapbook");
/** See `album`. */
const notice: LiveComponent<undefined> = live("notice", {
  state: z.object({}),
  mount: () => ({}),
  actions: (action) => ({ touch: action({ authorise: "public", input: z.looseObject({}) }, () => ({})) }),
  render: () => html`<p>Nothing to upload here</p>`,
});

/** A PNG of so many bytes, as far as anybody looks. */
export function png(bytes = 200): Buffer {
  const head = Buffer.from("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", "latin1");
  return Buffer.concat([head, Buffer.alloc(Math.max(0, bytes - head.length), 7)]);
}

/** Albums on a server, with their files in a directory. */
export interface AlbumServer extends AsyncDisposable {
  readonly kit: LiveKit;
  readonly listening: Listening;
  /** Names of all that is in the directory of files. */
  files(): Promise<readonly string[]>;
  /** Resolves once there are so many files, of whatever name. */
  settle(count: number): Promise<void>;
}

/** Opens a server with albums. The pace of uploads goes by the clock of its kit, which stands still. */
export async function openAlbums({
  limits,
  ...options
}: { pace?: BodyPace; quota?: UploadQuota; limits?: Partial<ServerLimits> } = {}): Promise<AlbumServer> {
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-albums-"));
  const kit = await openLiveKit({
    components: [album, scrapbook, notice],
    uploads: { sink: openUploadFiles(directory), ...options },
    limit: { limit: 100_000, window: 60 },
  });
  const listening = await listen({ handler: kit.handler, port: 0, ...(limits === undefined ? {} : { limits }) });
  const files = (): Promise<readonly string[]> => readdir(directory);
  return {
    ...{ kit, listening, files },
    async settle(count) {
      for (const end = performance.now() + 60_000; performance.now() < end; await pause(20))
        if ((await files()).length === count) return;
      throw new Error(`There are ${String(await files())}, not ${count} files.`);
    },
    async [Symbol.asyncDispose]() {
      await listening.close({ grace: 100 });
      await kit[Symbol.asyncDispose]();
      // A request that was cut off may still be tidying up behind itself.
      await rm(directory, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

/** What was refused, as its caller was told. */
export async function refusal(attempt: Promise<unknown>): Promise<LiveCallError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof LiveCallError) return error;
    throw error;
  }
  throw new Error("It was not refused.");
}

/** An upload over a connection of its own, whose body the test sends as it likes; or, with a boundary, the form. */
export class RawUpload {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  #received = "";

  constructor(
    { listening }: Pick<AlbumServer, "listening">,
    visitor: LiveVisitor,
    length: number | "chunked",
    boundary?: string,
  ) {
    this.socket = connect(listening.port, "127.0.0.1");
    this.closed = new Promise((resolve) => this.socket.once("close", () => resolve()));
    // A reset is what some of these connections end with.
    this.socket.on("error", () => undefined);
    this.socket.setEncoding("latin1").on("data", (text: string) => (this.#received += text));
    const lines = [
      boundary === undefined
        ? "POST /api/livecomponents/upload?component_id=album%3Amain&field=photo HTTP/1.1"
        : "POST /api/livecomponents/action HTTP/1.1",
      "host: app.example",
      "accept: application/json",
      `content-type: ${boundary === undefined ? "image/png" : `multipart/form-data; boundary=${boundary}`}`,
      "origin: http://app.example",
      `cookie: ${visitor.cookie}`,
      `x-csrf-token: ${visitor.csrfToken}`,
      `x-upload-ticket: ${visitor.ticket({ componentId: "album:main", seed: undefined, version: 0 }, "photo")}`,
      length === "chunked" ? "transfer-encoding: chunked" : `content-length: ${length}`,
    ];
    this.socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  }

  /** Status and problem code of the answer. `meanwhile` is done while there is none. */
  async answer(
    meanwhile: () => Promise<unknown> = () => pause(10),
    within = 60_000,
  ): Promise<readonly [number, string | undefined]> {
    for (const end = performance.now() + within; performance.now() < end; await meanwhile()) {
      const [head, body] = this.#received.split("\r\n\r\n");
      if (/^location: /im.test(head ?? "")) return [303, undefined];
      const length = Number(/^content-length: (\d+)/im.exec(head ?? "")?.[1] ?? Number.NaN);
      if (head === undefined || body === undefined || !(body.length >= length)) continue;
      const document = JSON.parse(body) as { code?: string };
      return [Number(head.split(" ")[1]), document.code];
    }
    throw new Error(`No answer: ${this.#received}`);
  }
}
