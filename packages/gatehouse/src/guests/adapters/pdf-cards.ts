import PDFDocument from "pdfkit";
import type { CardPrinter, JoinCard } from "../print.ts";
import { darkRuns, qrCode, type QrCode } from "../qr-code.ts";
import { guestWords } from "../words.ts";

/** How cards are printed. */
export interface PdfCardOptions {
  /** A TrueType or OpenType file, for titles in other scripts than Latin. Default: Helvetica. */
  readonly font?: string | undefined;
}

/** Points of a page, 72 to the inch. */
const A4 = { width: 595.28, height: 841.89 };
const A6 = { width: A4.width / 2, height: A4.height / 2 };
const MARGIN = 26;
const INK = "#1c1b22";
const QUIET = "#57545f";
const CUT = "#b6b2bf";

interface Place {
  readonly x: number;
  readonly y: number;
}

/** Prints cards with a title, a QR code and what to do with it: one on A6, or four of them on A4 with lines to cut along. */
export function createPdfCards({ font }: PdfCardOptions = {}): CardPrinter {
  return { print: (card) => print(card, font) };
}

async function print(card: JoinCard, font: string | undefined): Promise<Uint8Array> {
  const page = card.paper === "A4" ? A4 : A6;
  const info = { Title: card.title, Creator: "Gatehouse", Producer: "Gatehouse" };
  const document = new PDFDocument({ size: [page.width, page.height], margin: 0, info, lang: card.language });
  const chunks: Buffer[] = [];
  document.on("data", (chunk: Buffer) => chunks.push(chunk));
  const written = new Promise<void>((resolve, reject) => {
    document.on("end", resolve);
    document.on("error", reject);
  });
  const regular = font ?? "Helvetica";
  const strong = font ?? "Helvetica-Bold";
  const code = qrCode(card.address);
  const text = font === undefined ? inLatin : (given: string) => given;
  for (const place of placesOn(card.paper)) drawCard(document, { card, code, place, regular, strong, text });
  if (card.paper === "A4") drawCuts(document);
  document.end();
  await written;
  return new Uint8Array(Buffer.concat(chunks));
}

function placesOn(paper: JoinCard["paper"]): readonly Place[] {
  if (paper === "A6") return [{ x: 0, y: 0 }];
  return [0, A6.height].flatMap((y) => [0, A6.width].map((x) => ({ x, y })));
}

interface Drawing {
  readonly card: JoinCard;
  readonly code: QrCode;
  readonly place: Place;
  readonly regular: string;
  readonly strong: string;
  readonly text: (given: string) => string;
}

function drawCard(document: PDFKit.PDFDocument, { card, code, place, regular, strong, text }: Drawing): void {
  const { scan, steps } = guestWords(card.language);
  const width = A6.width - 2 * MARGIN;
  const left = place.x + MARGIN;
  const centred = { width, align: "center", lineBreak: true, ellipsis: true } as const;
  document.fillColor(INK).font(strong).fontSize(19);
  document.text(text(card.title), left, place.y + MARGIN, { ...centred, height: 50 });
  document.fillColor(QUIET).font(regular).fontSize(12);
  document.text(text(scan), left, place.y + MARGIN + 54, { ...centred, height: 16 });
  const side = 206;
  drawCode(document, code, { x: place.x + (A6.width - side) / 2, y: place.y + MARGIN + 74, side });
  document.fillColor(INK).font(regular).fontSize(10.5);
  const list = steps.map((step, index) => `${index + 1}. ${step}`).join("\n");
  document.text(text(list), left + 18, place.y + MARGIN + 74 + side + 10, {
    width: width - 36,
    height: 64,
    lineGap: 3,
  });
}

function drawCode(document: PDFKit.PDFDocument, code: QrCode, { x, y, side }: Place & { readonly side: number }): void {
  const unit = side / code.size;
  document.rect(x, y, side, side).fill("#ffffff");
  for (const run of darkRuns(code)) document.rect(x + run.x * unit, y + run.y * unit, run.width * unit, unit);
  document.fill("#000000");
}

function drawCuts(document: PDFKit.PDFDocument): void {
  document.strokeColor(CUT).lineWidth(0.5).dash(3, { space: 3 });
  document.moveTo(A6.width, 0).lineTo(A6.width, A4.height).stroke();
  document.moveTo(0, A6.height).lineTo(A4.width, A6.height).stroke();
}

/** A text in the letters that Helvetica has: those of others lose their accents, or are left out. */
function inLatin(given: string): string {
  return given.replaceAll(/[^\n\x20-\x7e\u00a0-\u00ff\u2013\u2014\u2018-\u201e\u2022\u2026\u20ac]/gu, (letter) => {
    const [base = ""] = letter.normalize("NFD");
    return /[\x20-\x7e]/.test(base) ? base : "";
  });
}
