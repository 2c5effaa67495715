import type { Edge } from "../../../http/edge.ts";
import type { Inbound } from "../../../http/inbound.ts";
import { RECOVERY_PATH, REGISTRATION_PATH, SIGN_IN_PARAMETER } from "../account/paths.ts";
import type { Screen } from "../layout.ts";
import type { Pages, SpokenScreen } from "../pages.ts";
import { recoveryCodesScreen } from "../recovery-codes.ts";
import type { Refusal, Typed } from "../sent-form.ts";
import { screenTexts } from "../texts.ts";
import { begun } from "./actions.ts";
import { askedOf } from "./asked.ts";
import type { Advance, SignInParts, Situation } from "./proof-action.ts";
import { progressOf } from "./progress.ts";
import {
  consentScreen,
  enrolmentScreen,
  secondFactorScreen,
  signInScreen,
  type SignInFrame,
  type SignInLinks,
} from "./screens.ts";
import { sealStep } from "./step.ts";
import { factsOf, type VisitFacts } from "./visit.ts";

/** What the pages of an interaction are made from. */
export interface SignInPageParts extends SignInParts {
  readonly edge: Edge;
  readonly pages: Pages;
  /** Whether people may register by themselves. */
  readonly registration: boolean;
}

/** What a page is asked for with. */
export interface PageQuestion {
  /** Begins anew, whatever was shown before. */
  readonly again?: boolean;
  readonly typed?: Typed;
  readonly refusal?: Refusal | undefined;
}

/** The pages of an interaction: which comes next, and what it says. */
export class SignInPage {
  readonly #parts: SignInPageParts;

  constructor(parts: SignInPageParts) {
    this.#parts = parts;
  }

  /** The page for where somebody is. */
  async of(inbound: Inbound, found: Situation, question: PageQuestion = {}): Promise<SpokenScreen> {
    const { again = false } = question;
    const facts = factsOf(found.visit);
    const language = this.#parts.pages.languageFor(inbound, facts.locales);
    const frame = this.#frame(inbound, facts);
    if (found.visit.interaction.prompt.name === "consent") {
      return { language, ...(await this.#consent(frame, found)) };
    }
    const beyond = again ? undefined : await this.#beyond(frame, found, question);
    return { language, ...(beyond ?? this.#beginning(frame, found, question)) };
  }

  /** The page for what a proof has led to. */
  after(inbound: Inbound, facts: VisitFacts, advance: Advance): SpokenScreen {
    const language = this.#parts.pages.languageFor(inbound, facts.locales);
    const frame = this.#frame(inbound, facts);
    switch (advance.kind) {
      case "done":
        return {
          language,
          ...recoveryCodesScreen(frame.words, {
            codes: advance.codes ?? [],
            lead: frame.words.recoveryCodesWhy,
            location: advance.location,
          }),
        };
      case "second":
        return { language, ...secondFactorScreen(frame, advance) };
      case "enrol":
        return { language, ...enrolmentScreen(frame, advance) };
    }
  }

  #frame(inbound: Inbound, { uid, client, locales }: VisitFacts): SignInFrame {
    const { edge, pages } = this.#parts;
    const script = { path: pages.assets.file("passkey.js").path, nonce: inbound.nonce };
    const words = screenTexts[pages.languageFor(inbound, locales)];
    const path = `/sign-in/${encodeURIComponent(uid)}`;
    return { words, path, client: client.name, csrfToken: edge.csrfToken(inbound), script };
  }

  #beginning(frame: SignInFrame, { visit }: Situation, { typed = {}, refusal = {} }: PageQuestion): Screen {
    const { login_hint: hint } = visit.interaction.params;
    const email = typed["email"] ?? (typeof hint === "string" && hint.includes("@") ? hint : undefined);
    return signInScreen(frame, { email, refusal, links: this.#linksFrom(visit.uid) });
  }

  /** Pages that help who cannot sign in, and know where to lead them back. */
  #linksFrom(uid: string): SignInLinks {
    const from = `?${new URLSearchParams({ [SIGN_IN_PARAMETER]: uid }).toString()}`;
    const recovery = RECOVERY_PATH + from;
    return this.#parts.registration ? { recovery, registration: REGISTRATION_PATH + from } : { recovery };
  }

  /** What comes after a first factor; `undefined` where there was none, or it does not count any more. */
  async #beyond(frame: SignInFrame, found: Situation, { refusal = {} }: PageQuestion): Promise<Screen | undefined> {
    const { accounts, factors, clock, emergency } = this.#parts;
    const { visit, source, place, step } = await begun(this.#parts, found);
    if (step === undefined) return undefined;
    const { authentication, enrolment } = step;
    const asked = { visit, authentication, now: clock.now() };
    const { directory } = accounts;
    const progress = { directory, factors, emergency };
    const { decision } = await source.read((reading) => progressOf(progress, reading, asked));
    if (!decision.needed) return undefined;
    const sealed = sealStep(this.#parts, place, step);
    if (decision.step === "second") {
      return secondFactorScreen(frame, { step: sealed, factors: decision.factors, refusal });
    }
    return decision.step === "enrol" && enrolment !== undefined
      ? enrolmentScreen(frame, { step: sealed, enrolment, refusal })
      : undefined;
  }

  async #consent(frame: SignInFrame, { visit, source }: Situation): Promise<Screen> {
    const { directory } = this.#parts.accounts;
    const id = visit.interaction.session?.accountId ?? "";
    const [email] = await source.read((reading) => directory.emails(reading, { tenant: visit.tenant, id }));
    return consentScreen(frame, { ...askedOf(visit, frame.words), email: email?.email });
  }
}
