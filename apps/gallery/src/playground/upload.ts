import { Hono } from "hono";
import type { Services } from "gatehouse";
import { html, type Html } from "gatehouse/html";
import { fileResponse } from "gatehouse/http";
import { deny, problems, type ReadTransaction, type WriteTransaction } from "gatehouse/kernel";
import { live, MiB, reply, upload, type ActEntry, type LiveComponent } from "gatehouse/live";
import { portableMigration } from "gatehouse/store";
import { z } from "zod";
import type { Example } from "./example.ts";

/** Files of one visitor, and of all of them: with the hundred and first, the oldest goes. */
const MOST = 6;
const MOST_OF_ALL = 100;
const FILES = "/playground/upload/files";

const Note = z.object({
  note: z.string().trim().min(1, "Please say what it is.").max(60, "At most 60 characters."),
});
const Chosen = z.object({ id: z.string() });
const File = Chosen.extend({ name: z.string(), type: z.string(), bytes: z.int(), note: z.string() });
type File = z.infer<typeof File>;
type Remove = ActEntry<z.input<typeof Chosen>>;
type Uploads = Services["uploads"];

interface Tables {
  playground_uploads: File & { tenant: string; owner: string; at: number };
}

/** Whose files they are: nobody is asked who he is, but every visitor has a session. */
const ownerOf = ({ id, session }: { readonly id: string; readonly session?: string | undefined }): string =>
  session ?? id;

/** The files of a visitor, the newest first. */
async function filesOf(transaction: ReadTransaction, tenant: string, owner: string): Promise<File[]> {
  const files = transaction.query<Tables>().selectFrom("playground_uploads");
  const own = files.where("tenant", "=", tenant).where("owner", "=", owner);
  const rows = await own.select(["id", "name", "type", "bytes", "note"]).orderBy("at", "desc").orderBy("id").execute();
  return rows.map((row) => ({ ...row, bytes: Number(row.bytes) }));
}

/** Removes files: their bytes are deleted once no record of them is left. */
async function forget(transaction: WriteTransaction, { records }: Uploads, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await transaction.query<Tables>().deleteFrom("playground_uploads").where("id", "=", id).execute();
    await records.forget(transaction, id);
  }
}

/** Has the oldest files of all make room. */
async function makeRoom(transaction: WriteTransaction, uploads: Uploads): Promise<void> {
  const all = transaction.query<Tables>().selectFrom("playground_uploads").select("id");
  const excess = await all.orderBy("at", "desc").orderBy("id").limit(MOST).offset(MOST_OF_ALL).execute();
  const ids = excess.map(({ id }) => id);
  await forget(transaction, uploads, ids);
}

const file = upload({
  accept: ["image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"],
  maxBytes: 2 * MiB,
  maxFiles: 3,
  required: true,
  authorise: "public",
  limitBy: ["ip", "action"],
  rateLimit: 60,
  rateLimitWindow: 600,
});

const openUpload = ({ uploads }: Pick<Services, "uploads">): LiveComponent<undefined> =>
  live("playground-upload", {
    mode: "none",
    state: z.object({ files: z.array(File) }),
    contentOnly: ["files"],
    mount: async ({ transaction, tenant, principal }) => ({
      files: await filesOf(transaction, tenant, ownerOf(principal)),
    }),
    uploads: { file },
    actions: (action) => ({
      add: action(
        { input: Note, uploads: ["file"], authorise: "public", commutes: true, rateLimit: 30 },
        async ({ state, transaction, tenant, principal, now }, { note, file: added }) => {
          if (state.files.length + added.length > MOST) {
            const message = `You can have ${MOST} files here. Remove one, then add this again.`;
            return deny(problems.VALIDATION_ERROR, { violations: [{ pointer: "/params/file", message }] });
          }
          const whose = { tenant, owner: ownerOf(principal), note, at: now };
          const rows = added.map(({ id, name, type, bytes }) => ({ id, name, type, bytes, ...whose }));
          await transaction.query<Tables>().insertInto("playground_uploads").values(rows).execute();
          await makeRoom(transaction, uploads);
          return reply({
            effects: { announce: added.length === 1 ? "Your file is here." : `Your ${added.length} files are here.` },
          });
        },
      ),
      remove: action({ input: Chosen, authorise: "public", commutes: true }, async ({ state, transaction }, { id }) => {
        const own = state.files.find((each) => each.id === id);
        if (own === undefined) return deny(problems.NOT_FOUND, { detail: "This file is no longer there." });
        await forget(transaction, uploads, [id]);
        return reply({ effects: { announce: `${own.name} is removed.`, focus: "upload-files" } });
      }),
    }),
    render: ({ state: { files }, act: { add, remove }, instance }) => html`
      <form ${add.form} aria-label="Add files">
        ${add.fields}
        <div class="field">
          <label for="${instance}-note">What it is</label>
          <input id="${instance}-note" autocomplete="off" maxlength="60" required ${add.field("note")} />
          ${add.error("note")}
        </div>
        ${add.upload("file", { label: "Pictures or PDFs, up to three, of at most 2 MiB each" })}
        <button class="button" type="submit">Add</button>
      </form>
      ${fileList(files, remove)}
    `,
  });

function fileList(files: readonly File[], remove: Remove): Html {
  return html`<section aria-labelledby="upload-files">
    <h3 id="upload-files" tabindex="-1">Your files</h3>
    ${files.length === 0 && html`<p class="hint">There are none yet. Nobody but you will see them.</p>`}
    <ul class="files">
      ${files.map((each) => fileCard(each, remove))}
    </ul>
  </section>`;
}

function fileCard({ id, name, type, bytes, note }: File, remove: Remove): Html {
  const kind = type.split("/")[1]?.toUpperCase() ?? "";
  const picture = type.startsWith("image/")
    ? html`<img src="${FILES}/${id}" alt="" width="72" height="72" loading="lazy" />`
    : html`<span class="file-kind" aria-hidden="true">${kind}</span>`;
  return html`<li class="file" data-key=${id}>
    ${picture}
    <div>
      <p class="file-note">${note}</p>
      <p class="hint"><a href="${FILES}/${id}">${name}</a> <span>${kind}, ${KILOBYTES.format(Math.ceil(bytes / 1000))}</span></p>
    </div>
    <button class="button quiet" ${remove({ id })}>Remove<span class="visually-hidden"> ${name}</span></button>
  </li>`;
}

const KILOBYTES = new Intl.NumberFormat("en-GB", { style: "unit", unit: "kilobyte" });

/** Serves a file to the visitor whose it is; for all others there is none. */
function serveFiles({ edge, store, uploads }: Pick<Services, "edge" | "store" | "uploads">): Hono {
  return new Hono().get(`${FILES}/:id`, async (context) => {
    const inbound = edge.of(context);
    const owner = ownerOf(await edge.sessions.principal(inbound));
    const own = await store.read((transaction) => filesOf(transaction, inbound.tenant, owner));
    const found = own.find(({ id }) => id === context.req.param("id"));
    const opened = found === undefined ? undefined : await uploads.sink.open(found.id);
    if (found === undefined || opened === undefined) return edge.refuse(inbound, deny(problems.NOT_FOUND));
    return fileResponse({ ...opened, type: found.type, name: found.name });
  });
}

/** Files of a visitor's own. */
export const uploadExample: Example = {
  slug: "upload",
  title: "Upload",
  summary: "Pictures and PDFs with progress, told by their content, and shown to nobody but whose they are.",
  shows: ["upload fields", "progress and drag and drop", "types by content", "files served safely"],
  tasks: [
    "Drop some pictures on the field, or choose them. They are sent at once, each with its progress.",
    "Rename a text to “photo.png” and choose it: its content says what it is, and it is refused at the field.",
    "Leave “What it is” empty: what was uploaded is kept, also without scripts.",
    "Open a second browser: your files are not there, and their addresses lead nowhere.",
  ],
  source: import.meta.url,
  migrations: [
    portableMigration(
      "9016_playground_uploads",
      `CREATE TABLE playground_uploads (
        id {id} PRIMARY KEY, tenant {id} NOT NULL, owner {id} NOT NULL, name {id} NOT NULL,
        type {id} NOT NULL, bytes {integer} NOT NULL, note {id} NOT NULL, at {integer} NOT NULL
      )`,
    ),
  ],
  open: openUpload,
  routes: serveFiles,
};
