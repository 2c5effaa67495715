import { encode } from "uqr";

/** A QR code as squares: rows of dark and light, with a quiet zone of four squares around. */
export interface QrCode {
  readonly size: number;
  readonly rows: readonly (readonly boolean[])[];
}

/** The squares a code needs around it to be found (ISO/IEC 18004). */
const QUIET_ZONE = 4;

/** The QR code of an address. A quarter of it may be dirty or torn. */
export function qrCode(address: string): QrCode {
  const { data, size } = encode(address, { ecc: "Q", border: QUIET_ZONE });
  return { size, rows: data };
}

/** Runs of dark squares in a row: the fewest rectangles a row can be drawn with. */
export function darkRuns({
  rows,
}: QrCode): readonly { readonly x: number; readonly y: number; readonly width: number }[] {
  return rows.flatMap((row, y) => {
    const runs: { x: number; y: number; width: number }[] = [];
    for (const [x, dark] of row.entries()) {
      const last = runs.at(-1);
      if (!dark) continue;
      if (last !== undefined && last.x + last.width === x) last.width += 1;
      else runs.push({ x, y, width: 1 });
    }
    return runs;
  });
}

/** The QR code of an address as an SVG document. */
export function qrSvg(address: string): string {
  const code = qrCode(address);
  const path = darkRuns(code)
    .map(({ x, y, width }) => `M${x} ${y}h${width}v1h-${width}z`)
    .join("");
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${code.size} ${code.size}" shape-rendering="crispEdges">` +
    `<path fill="#fff" d="M0 0h${code.size}v${code.size}h-${code.size}z"/><path fill="#000" d="${path}"/></svg>`
  );
}
