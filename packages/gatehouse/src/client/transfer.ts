import type { CoreParts } from "./chunks.ts";

/** Where a file goes, and which. */
interface Subject {
  readonly box: HTMLElement;
  readonly file: File;
}

/** What the server answers: an upload, or a problem. */
interface Answer {
  readonly upload?: { readonly id: string; readonly name: string };
  readonly csrf_token?: string;
  readonly code?: string;
  readonly detail?: string;
}

/** Milliseconds between two words about the progress of one file. */
const BREATH = 4000;
const LOST = "The connection was lost.";
/** What another try would not change. */
const FINAL = /^UPLOAD_T(OO_LARGE|YPE_REFUSED)$/;

/** One file on its way to the server, and its line in the list: progress, and a button to end, repeat or remove it. */
export class Transfer {
  readonly item: HTMLLIElement = document.createElement("li");
  readonly #core: CoreParts;
  readonly #subject: Subject;
  readonly #ready: () => void;
  readonly #text = document.createElement("span");
  readonly #progress = document.createElement("progress");
  readonly #retry: HTMLButtonElement;
  #request: XMLHttpRequest | undefined;

  constructor(core: CoreParts, subject: Subject, ready: () => void) {
    const { name } = subject.file;
    this.#core = core;
    this.#subject = subject;
    this.#ready = ready;
    this.#retry = button("Try again", name, () => {
      tell(subject.box, "");
      this.begin();
    });
    const remove = button("Remove", name, () => this.#remove());
    this.#progress.ariaLabel = name;
    this.item.append(this.#text, " ", this.#progress, " ", this.#retry, " ", remove);
  }

  /** Has the file wait for its turn, unless it is known by now that it will be refused. */
  begin(): void {
    const most = Number(this.#subject.box.dataset["liveBytes"]);
    if (this.#subject.file.size > most) return this.#fail("The file is too large.", true);
    this.#show("waiting", "waiting");
    this.#ready();
  }

  /** Sends the file; resolves when that has ended, however it has. */
  async send(): Promise<void> {
    const { name } = this.#subject.file;
    this.#show("sending", "is being uploaded");
    let answer = await this.#post();
    if (/^(CSRF_TOKEN_INVALID|SESSION_EXPIRED)$/.test(answer?.code ?? "") && (await this.#core.refreshToken()))
      answer = await this.#post();
    const { upload } = answer ?? {};
    if (answer?.csrf_token !== undefined) this.#core.setToken(answer.csrf_token);
    if (!this.item.isConnected) return;
    if (upload === undefined) return this.#fail(answer?.detail ?? LOST, FINAL.test(answer?.code ?? ""));
    this.#show("done", "is uploaded", upload.name);
    const field = Object.assign(document.createElement("input"), {
      type: "hidden",
      name: this.#subject.box.dataset["liveUpload"] ?? "",
      value: upload.id,
    });
    field.dataset["liveReference"] = "";
    this.item.append(field);
    this.#core.announce(`${name} is uploaded.`);
  }

  /** Ends what is under way. */
  abort(): void {
    this.#request?.abort();
  }

  #post(): Promise<Answer | undefined> {
    const { box, file } = this.#subject;
    const { live = "", liveTickets = "{}" } = box.closest<HTMLElement>("[data-live]")?.dataset ?? {};
    const field = box.dataset["liveUpload"] ?? "";
    const request = new XMLHttpRequest();
    this.#request = request;
    request.open("POST", `/api/livecomponents/upload?${new URLSearchParams({ component_id: live, field })}`);
    // The server has put it there.
    const { [field]: ticket = "" } = JSON.parse(liveTickets) as Readonly<Record<string, string>>;
    const headers = {
      accept: "application/json",
      "content-type": "application/octet-stream",
      "x-csrf-token": this.#core.currentToken(),
      "x-upload-ticket": ticket,
      "x-upload-name": encodeURIComponent(file.name.slice(-200).toWellFormed()),
    };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    this.#follow(request);
    return new Promise((resolve) => {
      request.addEventListener("loadend", () => resolve(documentOf(request.responseText)));
      request.send(file);
    });
  }

  /** Shows how far it is, and says so at each quarter, but not all the time. */
  #follow({ upload }: XMLHttpRequest): void {
    let told = Date.now();
    let quarter = 0;
    upload.addEventListener("progress", ({ loaded, total }) => {
      this.#progress.value = total === 0 ? 0 : loaded / total;
      const reached = Math.floor(this.#progress.value * 4);
      if (reached <= quarter || reached === 4 || Date.now() - told < BREATH) return;
      quarter = reached;
      told = Date.now();
      this.#core.announce(`${this.#subject.file.name}: ${reached * 25} %`);
    });
  }

  #fail(reason: string, final: boolean): void {
    const { name } = this.#subject.file;
    this.#show("failed", reason);
    this.#retry.hidden = final;
    this.#core.announce(`${name}: ${reason}`);
  }

  #show(state: string, text: string, name = this.#subject.file.name): void {
    this.item.dataset["liveState"] = state;
    this.#text.textContent = `${name}: ${text}`;
    this.#progress.hidden = state !== "sending";
    this.#progress.value = 0;
    this.#retry.hidden = state !== "failed";
  }

  #remove(): void {
    const { box, file } = this.#subject;
    this.item.remove();
    this.abort();
    tell(box, "");
    box.querySelector<HTMLElement>("[type=file]")?.focus();
    this.#core.announce(`${file.name} is removed.`);
  }
}

/** Says something where the errors of an upload field are. */
export function tell(box: Element | null, text: string): void {
  const place = box?.querySelector("[data-live-error]");
  if (place !== null && place !== undefined) place.textContent = text;
}

function button(text: string, about: string, press: () => void): HTMLButtonElement {
  const made = Object.assign(document.createElement("button"), { type: "button", textContent: text });
  made.ariaLabel = `${text}: ${about}`;
  made.addEventListener("click", press);
  return made;
}

function documentOf(text: string): Answer | undefined {
  try {
    // Both documents are written by the server's upload route.
    return JSON.parse(text) as Answer;
  } catch {
    return undefined;
  }
}
