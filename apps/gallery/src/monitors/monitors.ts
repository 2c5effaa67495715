import type { Monitor } from "gatehouse/monitor";
import { canaryMonitor } from "./canary-monitor.ts";
import { galleryMonitor } from "./gallery-monitor.ts";
import type { StageParts } from "./stage.ts";
import { uploadMonitor } from "./upload-monitor.ts";

/** What has to work for guests, tried again and again as guests do it. */
export function galleryMonitors(parts: StageParts): readonly Monitor[] {
  return [galleryMonitor(parts), uploadMonitor(parts), canaryMonitor(parts)];
}
