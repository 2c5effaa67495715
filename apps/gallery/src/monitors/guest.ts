import { createHash } from "node:crypto";
import { expectThat, type Probe, type ProbeVisitor } from "gatehouse/monitor";
import { z } from "zod";

/** What a guest comes in by. */
export interface Invited {
  /** The text of the join token. */
  readonly text: string;
  readonly slug: string;
  readonly collection: string;
}

const Event = z.object({ collection: z.string(), may: z.array(z.string()) });
const Form = z.object({ address: z.string(), type: z.string(), bytes: z.number() });
const Photo = z.object({ id: z.string(), forms: z.record(z.string(), Form) });
const Photos = z.object({ photos: z.array(Photo) });
const Csrf = z.object({ csrf_token: z.string() });

/** A photo as the public API shows it. */
export type SeenPhoto = z.infer<typeof Photo>;

/** An upload as a guest knows it. */
export interface GuestUpload {
  /** Of the file it becomes. */
  readonly id: string;
  readonly path: string;
}

const FORM = "application/x-www-form-urlencoded";
const TUS = { "tus-resumable": "1.0.0" };
const OFFSET_STREAM = { ...TUS, "content-type": "application/offset+octet-stream" };
const FIELD = /name="_csrf_token" value="([^"]+)"/;

/** Somebody who came in by a join token, and does what the browsers of guests do. */
export class MonitorGuest {
  readonly #probe: Probe;
  readonly #visitor: ProbeVisitor;
  readonly #api: string;
  readonly #collection: string;

  private constructor(probe: Probe, visitor: ProbeVisitor, { slug, collection }: Invited) {
    this.#probe = probe;
    this.#visitor = visitor;
    this.#api = `/api/v1/gallery/events/${slug}`;
    this.#collection = collection;
  }

  /** Opens the link of a token and comes in by the form there. */
  static async join(probe: Probe, invited: Invited): Promise<MonitorGuest> {
    const visitor = probe.visitor();
    const path = `/join/${invited.text}`;
    const page = await visitor.fetch(path, { headers: { accept: "text/html" } });
    const [, token] = FIELD.exec(await page.text()) ?? [];
    expectThat(page.status === 200 && token !== undefined, `The page behind the code answered ${page.status}.`);
    const entered = await visitor.fetch(path, {
      ...{ method: "POST", body: new URLSearchParams({ _csrf_token: token }).toString() },
      headers: { accept: "text/html", "content-type": FORM },
    });
    await entered.body?.cancel();
    expectThat(entered.status === 303, `Coming in was answered with ${entered.status}.`);
    const guest = new MonitorGuest(probe, visitor, invited);
    const { collection } = Event.parse(await guest.#json(guest.#api));
    expectThat(collection === invited.collection, "The guest came in to another event.");
    return guest;
  }

  /** The photos that the event shows. */
  async photos(): Promise<readonly SeenPhoto[]> {
    return Photos.parse(await this.#json(`${this.#api}/photos`)).photos;
  }

  /** One photo among those that the event shows. */
  async photo(id: string): Promise<SeenPhoto> {
    const photo = (await this.photos()).find((candidate) => candidate.id === id);
    expectThat(photo !== undefined, "The photo is not on the list.");
    return photo;
  }

  /** How an address of a file is answered: without cookies, as it is where files have a host of their own. */
  async fetch(address: string): Promise<{ readonly status: number; readonly body: Buffer }> {
    const { origin, signal } = this.#probe;
    const response = await fetch(new URL(address, origin), { signal, redirect: "manual" });
    return { status: response.status, body: Buffer.from(await response.arrayBuffer()) };
  }

  /** The content at an address of a file. */
  async content(address: string): Promise<Buffer> {
    const { status, body } = await this.fetch(address);
    expectThat(status === 200, `A signed address was answered with ${status}.`);
    return body;
  }

  /** Uploads a whole file. */
  async bring(file: Buffer, name: string): Promise<GuestUpload> {
    const upload = await this.begin(file, name);
    await this.append(upload, 0, file);
    return upload;
  }

  /** Begins an upload (tus 1.0.0). */
  async begin(file: Buffer, name: string): Promise<GuestUpload> {
    const words = { filename: name, sha256: sha256(file) };
    const metadata = Object.entries(words).map(([key, value]) => `${key} ${Buffer.from(value).toString("base64")}`);
    const response = await this.#visitor.fetch(`/uploads?collection=${encodeURIComponent(this.#collection)}`, {
      method: "POST",
      headers: {
        ...{ ...TUS, ...(await this.#csrf()) },
        ...{ "upload-length": String(file.length), "upload-metadata": metadata.join(",") },
      },
    });
    await response.body?.cancel();
    expectThat(response.status === 201, `Beginning an upload was answered with ${response.status}.`);
    const path = new URL(response.headers.get("location") ?? "", this.#probe.origin).pathname;
    return { path, id: path.split("/").at(-1) ?? "" };
  }

  /** Sends a piece. */
  async append({ path }: GuestUpload, offset: number, piece: Buffer): Promise<void> {
    const response = await this.#visitor.fetch(path, {
      ...{ method: "PATCH", body: new Uint8Array(piece) },
      headers: { ...OFFSET_STREAM, ...(await this.#csrf()), "upload-offset": String(offset) },
    });
    await response.body?.cancel();
    const expected = String(offset + piece.length);
    const acknowledged = response.headers.get("upload-offset") ?? "nothing";
    expectThat(response.status === 204, `Sending a piece was answered with ${response.status}.`);
    expectThat(acknowledged === expected, `${acknowledged} bytes were acknowledged instead of ${expected}.`);
  }

  /** Sends a piece and drops the connection before the request has ended. */
  async drop({ path }: GuestUpload, offset: number, piece: Buffer): Promise<void> {
    const pieces = [new Uint8Array(piece)];
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const next = pieces.shift();
        if (next === undefined) controller.error(new Error("The line is dropped."));
        else controller.enqueue(next);
      },
    });
    const headers = { ...OFFSET_STREAM, ...(await this.#csrf()), "upload-offset": String(offset) };
    const answered = await this.#visitor.fetch(path, { method: "PATCH", body, duplex: "half", headers }).then(
      () => true,
      () => false,
    );
    expectThat(!answered, "A request was answered that was never sent to its end.");
  }

  /** Asks how far an upload has come. */
  async offset({ path }: GuestUpload): Promise<number> {
    const response = await this.#visitor.fetch(path, { method: "HEAD", headers: { ...TUS } });
    expectThat(response.status < 300, `Asking for the offset was answered with ${response.status}.`);
    return Number(response.headers.get("upload-offset"));
  }

  async #csrf(): Promise<{ readonly "x-csrf-token": string }> {
    return { "x-csrf-token": Csrf.parse(await this.#json("/api/csrf/refresh")).csrf_token };
  }

  async #json(path: string): Promise<unknown> {
    const response = await this.#visitor.fetch(path, { headers: { accept: "application/json" } });
    const text = await response.text();
    expectThat(response.status === 200, `${path} was answered with ${response.status}.`);
    return JSON.parse(text);
  }
}

/** In hexadecimal digits. */
export function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
