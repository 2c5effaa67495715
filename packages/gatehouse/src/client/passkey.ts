/**
 * Has passkeys prove who somebody is, or made. Each form marked with `data-passkey` is shown where the browser can do it;
 * one that is `data-conditional` also offers passkeys among what the browser fills in, and one whose `data-ceremony` is
 * `create` has a new one made.
 */

/** Milliseconds after which what passkeys sign is asked for anew: it is good for five minutes. */
const RENEWAL = 4 * 60_000;

class PasskeyForm {
  readonly #form: HTMLFormElement;
  #waiting: AbortController | undefined;

  constructor(form: HTMLFormElement) {
    this.#form = form;
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#ask();
    });
  }

  /** Waits for somebody to choose a passkey in a field, for as long as the page is open. */
  async wait(): Promise<void> {
    this.#waiting?.abort();
    const waiting = new AbortController();
    this.#waiting = waiting;
    const renewal = setTimeout(() => void this.wait(), RENEWAL);
    waiting.signal.addEventListener("abort", () => clearTimeout(renewal));
    await this.#prove({ mediation: "conditional", signal: waiting.signal });
  }

  async #ask(): Promise<void> {
    this.#waiting?.abort();
    const button = this.#form.querySelector("button");
    if (button !== null) button.disabled = true;
    const proven = await this.#prove({});
    if (button !== null) button.disabled = false;
    const failure = this.#form.querySelector<HTMLElement>("[data-passkey-failure]");
    if (failure !== null) failure.hidden = proven;
    if (!proven && this.#form.dataset["conditional"] === "true") void this.wait();
  }

  /** Whether there is a proof, with which the form is sent. */
  async #prove(request: CredentialRequestOptions): Promise<boolean> {
    try {
      const credential = await this.#credential(request, await this.#options());
      if (!(credential instanceof PublicKeyCredential)) return false;
      this.#field("response").value = JSON.stringify(credential.toJSON());
      this.#form.submit();
      return true;
    } catch {
      // The person chose otherwise, or the browser could not; the page has other ways.
      return false;
    }
  }

  #credential(request: CredentialRequestOptions, options: unknown): Promise<Credential | null> {
    if (this.#form.dataset["ceremony"] === "create") {
      // The answer of our own server for this ceremony.
      const creation = options as PublicKeyCredentialCreationOptionsJSON;
      return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(creation) });
    }
    // The answer of our own server for the other one.
    const asked = options as PublicKeyCredentialRequestOptionsJSON;
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(asked);
    return navigator.credentials.get({ ...request, publicKey });
  }

  async #options(): Promise<unknown> {
    const body = new URLSearchParams();
    for (const name of ["_csrf_token", "step", "mark"]) body.set(name, this.#field(name).value);
    const headers = { accept: "application/json" };
    const response = await fetch(this.#form.dataset["passkey"] ?? "", { method: "POST", body, headers });
    if (!response.ok) throw new Error(String(response.status));
    return response.json();
  }

  #field(name: string): HTMLInputElement {
    const field = this.#form.elements.namedItem(name);
    return field instanceof HTMLInputElement ? field : document.createElement("input");
  }
}

async function start(): Promise<void> {
  if (!("PublicKeyCredential" in window) || !("parseRequestOptionsFromJSON" in PublicKeyCredential)) return;
  const forms = [...document.querySelectorAll<HTMLFormElement>("form[data-passkey]")];
  const [first] = forms.map((form) => new PasskeyForm(form));
  const fills = forms[0]?.dataset["conditional"] === "true";
  if (fills && (await PublicKeyCredential.isConditionalMediationAvailable?.()) === true) await first?.wait();
}

void start();
