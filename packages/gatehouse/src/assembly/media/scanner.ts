import type { Clock } from "../../kernel/clock.ts";
import type { Config } from "../../kernel/config.ts";
import { BootRefusedError } from "../../kernel/gate.ts";
import { createClamdScanner } from "../../media/scan/clamd.ts";
import { findClamd, readClamdAddress } from "../../media/scan/clamd-address.ts";
import type { ClamdAddress } from "../../media/scan/clamd-connection.ts";
import type { Scanner } from "../../media/scan/scanner.ts";

/** Milliseconds for a connection to clamd, and for its answers to short questions. */
const ANSWER = 5000;
/** Where Debian's clamd listens: named where nothing listens anywhere yet. */
const USUAL: ClamdAddress = { path: "/run/clamav/clamd.ctl" };

/**
 * The scanner that is configured, or `undefined` for none.
 * @throws {BootRefusedError} when its address means nothing.
 */
export function openScanner({ media }: Config, clock: Clock): Scanner | undefined {
  const { engine, address, streamMaxLength, maxFileSize, maxScanSize, maxSignatureAge, timeout } = media.scanner;
  if (engine === "none") return undefined;
  const named = address === undefined ? findClamd() : readClamdAddress(address);
  if (address !== undefined && named === undefined) {
    throw new BootRefusedError(["media.scanner.address: write unix:/run/clamav/clamd.ctl or tcp://127.0.0.1:3310."]);
  }
  if (named === undefined && engine === "auto") return undefined;
  return createClamdScanner({
    ...{ address: named ?? USUAL, clock, maxSignatureAge },
    limits: { streamMaxLength, maxFileSize, maxScanSize },
    patience: { answer: ANSWER, scan: timeout },
  });
}
