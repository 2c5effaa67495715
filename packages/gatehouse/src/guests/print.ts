import type { GuestLanguage } from "./words.ts";

/** What is printed: one card on A6, or four of them on A4. */
export interface JoinCard {
  /** The whole address, with the token. */
  readonly address: string;
  readonly title: string;
  readonly language: GuestLanguage;
  readonly paper: "A4" | "A6";
}

/** Writes cards as PDF. */
export interface CardPrinter {
  print(card: JoinCard): Promise<Uint8Array>;
}
