import { statSync } from "node:fs";
import type { ClamdAddress } from "./clamd-connection.ts";

/** Where distributions let clamd listen. */
const USUAL_PLACES = [
  "/run/clamav/clamd.ctl",
  "/var/run/clamav/clamd.ctl",
  "/run/clamav/clamd.sock",
  "/run/clamd.scan/clamd.sock",
];

/** Reads `unix:/run/clamav/clamd.ctl` or `tcp://127.0.0.1:3310`. */
export function readClamdAddress(text: string): ClamdAddress | undefined {
  if (text.startsWith("unix:/")) return { path: text.slice("unix:".length) };
  const url = URL.parse(text);
  if (url?.protocol !== "tcp:" || url.hostname === "" || url.port === "") return undefined;
  return { host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(url.port) };
}

/** The first of the usual sockets that is there. */
export function findClamd(places: readonly string[] = USUAL_PLACES): ClamdAddress | undefined {
  const path = places.find((place) => statSync(place, { throwIfNoEntry: false })?.isSocket() === true);
  return path === undefined ? undefined : { path };
}
