import { createLanguages, type Languages } from "../http/language.ts";

import { guestProblems } from "./problems.ts";

/** A language of what guests read. */
export type GuestLanguage = "en" | "de";

/** The languages of what guests read. */
export const guestLanguages: Languages<GuestLanguage> = createLanguages(["en", "de"]);

/** What guests read. */
export interface GuestWords {
  readonly invited: string;
  readonly explain: string;
  readonly enter: string;
  /** Over a refusal. */
  readonly refused: string;
  /** What is said of refusals, by the codes of their problems. */
  readonly refusals: Readonly<Record<string, string>>;
  /** On a printed card. */
  readonly scan: string;
  readonly steps: readonly string[];
}

const WORDS: Readonly<Record<GuestLanguage, GuestWords>> = {
  en: {
    invited: "You are invited",
    explain: "Come in to see the photos of this event and to add your own. You need no account.",
    enter: "Come in",
    refused: "You cannot come in by this",
    refusals: Object.fromEntries(Object.values(guestProblems).map(({ code, message }) => [code, message])),
    scan: "Scan to join",
    steps: ["Point the camera of your phone at the code.", "Open the link.", "Share your photos."],
  },
  de: {
    invited: "Sie sind eingeladen",
    explain:
      "Treten Sie ein, um die Fotos dieser Veranstaltung zu sehen und eigene hinzuzufügen. Ein Konto ist nicht nötig.",
    enter: "Eintreten",
    refused: "Hiermit kommen Sie nicht hinein",
    refusals: {
      JOIN_TOKEN_UNKNOWN:
        "Diese Einladung ist nicht bekannt. Scannen Sie den Code noch einmal, oder bitten Sie die Gastgeber um einen anderen.",
      JOIN_TOKEN_EXPIRED: "Diese Einladung ist abgelaufen. Bitten Sie die Gastgeber um eine andere.",
      JOIN_TOKEN_REVOKED: "Diese Einladung wurde zurückgezogen. Bitten Sie die Gastgeber um eine andere.",
      JOIN_TOKEN_FULL: "Mit dieser Einladung sind schon alle Gäste eingetreten, für die sie gedacht war.",
      JOIN_AS_USER:
        "Sie sind mit einem Konto angemeldet. Melden Sie sich zuerst ab, oder öffnen Sie die Einladung in einem privaten Fenster.",
      RATE_LIMIT_EXCEEDED: "Das waren zu viele Versuche. Bitte versuchen Sie es später noch einmal.",
    },
    scan: "Scannen und dabei sein",
    steps: ["Die Kamera des Telefons auf den Code richten.", "Den Link öffnen.", "Fotos teilen."],
  },
};

/** The words of a language. */
export function guestWords(language: GuestLanguage): GuestWords {
  return WORDS[language];
}
