import { z } from "zod";
import { evidenceOf, measure, type ColourName, type Impression } from "../impression.ts";
import { answerTo, type Skill } from "./skill.ts";

const LANGUAGES = ["en", "de"] as const;
type Language = (typeof LANGUAGES)[number];

const Asked = z.object({
  event: z.object({ title: z.string(), place: z.string() }),
  languages: z.array(z.enum(LANGUAGES)),
});
/** What captions are told of besides the photo. */
export type Occasion = z.infer<typeof Asked>["event"];

const COLOURS: Readonly<Record<Language, Readonly<Record<ColourName, string>>>> = {
  en: {
    ...{ red: "red", orange: "orange", yellow: "yellow", green: "green", blue: "blue", violet: "violet" },
    ...{ grey: "grey", black: "black", white: "white" },
  },
  de: {
    ...{ red: "rot", orange: "orange", yellow: "gelb", green: "grün", blue: "blau", violet: "violett" },
    ...{ grey: "grau", black: "schwarz", white: "weiß" },
  },
};
const LIGHT = {
  en: { dark: "dark", even: "evenly lit", bright: "bright" },
  de: { dark: "dunkles", even: "gleichmäßig helles", bright: "helles" },
} as const;
const SHAPE = {
  en: { wide: "landscape photo", tall: "portrait photo", square: "square photo" },
  de: { wide: "Querformat", tall: "Hochformat", square: "quadratisches Foto" },
} as const;
const LONGEST = 300;

/** Says what can be measured: light, shape and colour. What a reviewer asks for is heeded as far as it is understood. */
export const caption: Skill = {
  type: "gallery.caption-photos",
  async do(item, { look }) {
    const { event, languages } = Asked.parse(item.input);
    const impression = await measure(await look());
    const short = (item.errors ?? []).some(({ message }) => /short|kürz|kurz/i.test(message));
    const captions = languages.map((language) => ({ language, ...describe(impression, { event, language, short }) }));
    return { result: { captions }, evidence: [evidenceOf(impression)], ...answerTo(item) };
  },
};

/** How a photo is described. */
export interface Manner {
  readonly event: Occasion;
  readonly language: Language;
  /** Whether a reviewer wants fewer words. */
  readonly short: boolean;
}

/** Caption and alternative text of a photo. */
export function describe(impression: Impression, { event, language, short }: Manner) {
  const colour = COLOURS[language][impression.colour];
  const light = LIGHT[language][lightOf(impression)];
  const shape = SHAPE[language][shapeOf(impression)];
  const look = capitalised(`${light} ${shape}`);
  const alt = language === "en" ? `${look}, mostly ${colour}` : `${look}, überwiegend ${colour}`;
  const at = language === "en" ? `${event.title} at ${event.place}` : `${event.title}, ${event.place}`;
  const words = short ? event.title : `${at}: ${alt}`;
  return { caption: cut(words), alt: cut(alt) };
}

function lightOf({ brightness }: Impression): "dark" | "even" | "bright" {
  return brightness < 70 ? "dark" : brightness > 150 ? "bright" : "even";
}

function shapeOf({ width, height }: Impression): "wide" | "tall" | "square" {
  return width > height ? "wide" : width < height ? "tall" : "square";
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function cut(text: string): string {
  return [...text].slice(0, LONGEST / 2).join("");
}
