import sharp from "sharp";

/** A colour that a photo is mostly of. */
export type ColourName = "red" | "orange" | "yellow" | "green" | "blue" | "violet" | "grey" | "black" | "white";

/** What can be said of a photo by measuring it. */
export interface Impression {
  readonly width: number;
  readonly height: number;
  /** Mean lightness, 0 to 255. */
  readonly brightness: number;
  /** Standard deviation of lightness: near 0 there is nothing on it. */
  readonly contrast: number;
  /** Of edges; near 0 all of it is blurred. */
  readonly sharpness: number;
  readonly colour: ColourName;
}

const SIZE = 512;
const GREY = 24;
const BLACK = 40;
const WHITE = 215;
/** Degrees of the circle of hues up to which a colour reaches. */
const HUES = [
  [20, "red"],
  [45, "orange"],
  [70, "yellow"],
  [165, "green"],
  [260, "blue"],
  [330, "violet"],
  [361, "red"],
] as const satisfies readonly (readonly [number, ColourName])[];

/** Measures a photo. No model is asked: the same photo gives the same impression everywhere. */
export async function measure(photo: Uint8Array): Promise<Impression> {
  const { autoOrient } = await sharp(photo).metadata();
  const small = sharp(photo, { limitInputPixels: 100_000_000 })
    .rotate()
    .flatten({ background: "white" })
    .resize({ width: SIZE, height: SIZE, fit: "inside", withoutEnlargement: true });
  const plain = await small.toColourspace("srgb").png().toBuffer();
  const { channels } = await sharp(plain).stats();
  // Statistics are those of what is read, not of what is made of it.
  const lightness = await sharp(await sharp(plain).greyscale().png().toBuffer()).stats();
  const [red, green, blue] = channels.map(({ mean }) => mean);
  return {
    width: autoOrient.width,
    height: autoOrient.height,
    brightness: lightness.channels[0]?.mean ?? 0,
    contrast: lightness.channels[0]?.stdev ?? 0,
    sharpness: lightness.sharpness,
    colour: colourOf(red ?? 0, green ?? 0, blue ?? 0),
  };
}

function colourOf(red: number, green: number, blue: number): ColourName {
  const most = Math.max(red, green, blue);
  const least = Math.min(red, green, blue);
  const spread = most - least;
  if (spread < GREY) return most < BLACK ? "black" : least > WHITE ? "white" : "grey";
  const hue = hueOf({ red, green, blue }, most, spread);
  return HUES.find(([end]) => hue < end)?.[1] ?? "red";
}

function hueOf(
  { red, green, blue }: Readonly<Record<"red" | "green" | "blue", number>>,
  most: number,
  spread: number,
): number {
  if (most === red) return (60 * (green - blue)) / spread + (green < blue ? 360 : 0);
  return most === green ? (60 * (blue - red)) / spread + 120 : (60 * (red - green)) / spread + 240;
}

/** An impression as evidence: what was measured, for whoever reviews what was made of it. */
export function evidenceOf({ width, height, brightness, contrast, sharpness, colour }: Impression) {
  const measured = { brightness, contrast, sharpness };
  const numbers = Object.entries(measured).map(([name, value]) => `${name} ${value.toFixed(1)}`);
  return { title: "Measured", text: `${width} x ${height} pixels, ${numbers.join(", ")}, mostly ${colour}` };
}
