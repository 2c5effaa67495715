import { choice, duration, integer, size, text } from "./kind.ts";
import { option } from "./option.ts";

/** Options of what is done with files that guests bring. */
export const mediaOptions = {
  "media.scanner.engine": option(choice("clamd", "auto", "none"), {
    doc: "What looks for malware before a file is published: `clamd`, `auto` for clamd if there is one at the start, or `none`.",
    default: { by: "profile", values: { development: "auto", production: "clamd" } },
  }),
  "media.scanner.noneReason": option(text(), {
    doc: "Why files are published that nothing has scanned. Needed for `none` in production; the console shows it in red.",
  }),
  "media.scanner.address": option(text("unix:/run/clamav/clamd.ctl or tcp://127.0.0.1:3310"), {
    doc: "Where clamd listens. Default: the sockets that distributions use.",
  }),
  "media.scanner.streamMaxLength": option(size(), {
    doc: "What `StreamMaxLength` is in clamd.conf. A file that is larger than the least of these three is never clean.",
    default: "25MiB",
  }),
  "media.scanner.maxFileSize": option(size(), {
    doc: "What `MaxFileSize` is in clamd.conf: clamd says OK to what lies beyond it.",
    default: "25MiB",
  }),
  "media.scanner.maxScanSize": option(size(), { doc: "What `MaxScanSize` is in clamd.conf.", default: "100MiB" }),
  "media.scanner.maxSignatureAge": option(duration("1h"), {
    doc: "How old the scanner's signatures may be for a file to be called clean.",
    default: "7d",
  }),
  "media.scanner.timeout": option(duration("1s"), {
    doc: "How long the scanner may take for a verdict once it has a file, or to take more of it.",
    default: "60s",
  }),
  "media.scanner.infected": option(choice("delete", "keep"), {
    doc: "What becomes of a received file that holds malware: it is deleted, or kept in quarantine, out of reach.",
    default: "delete",
  }),
  "media.scanner.alertAfter": option(duration("1s"), {
    doc: "How long a file may wait before the event `media_queue_late` tells of it.",
    default: "5m",
  }),
  "media.limits.pixels": option(integer(1, 1_000_000_000), {
    doc: "The most pixels of a picture; larger ones are rejected before they are decoded.",
    default: 50_000_000,
  }),
  "media.limits.frames": option(integer(1, 1_000_000), {
    doc: "The most frames of a moving picture.",
    default: 500,
  }),
  "media.limits.decodeTime": option(duration("100ms"), {
    doc: "How long a picture may take to decode; then its process is killed.",
    default: "10s",
  }),
  "media.limits.decodeMemory": option(size(), {
    doc: "How much memory the process that decodes a picture may take up; then it is killed.",
    default: "1GiB",
  }),
  "media.limits.workers": option(integer(1, 64), {
    doc: "How many files are processed at a time.",
    default: 2,
  }),
  "media.takeOver.directory": option(text("a folder"), {
    doc: "The folder with files of an earlier system, which `gatehouse media take-over` takes over. Default: none.",
  }),
} as const;
