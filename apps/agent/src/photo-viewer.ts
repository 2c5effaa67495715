import { patientFetch } from "./patient-fetch.ts";
import type { AccessTokens } from "./access-tokens.ts";
import type { Lease } from "./work-tools.ts";

/** Where photos are looked at. */
export interface PhotoViewerParts {
  readonly origin: string;
  readonly tokens: AccessTokens;
}

/** Looks at the photos of items that the agent holds: at the one address that is for it, with the lease. */
export class PhotoViewer {
  readonly #parts: PhotoViewerParts;

  constructor(parts: PhotoViewerParts) {
    this.#parts = parts;
  }

  async look({ item, lease, epoch }: Lease, signal: AbortSignal): Promise<Uint8Array> {
    const { origin, tokens } = this.#parts;
    const resource = `${origin}/api/work`;
    for (const isLast of [false, true]) {
      const token = await tokens.for(resource, "work:execute");
      const headers = { authorization: `Bearer ${token}`, "work-lease": lease, "work-epoch": String(epoch) };
      const response = await patientFetch(`${origin}/api/v1/gallery/work/items/${item}/photo`, { headers, signal });
      if (response.ok) return new Uint8Array(await response.arrayBuffer());
      const text = (await response.text()).slice(0, 500);
      if (response.status !== 401 || isLast) throw new Error(`The photo was answered by ${response.status}: ${text}`);
      tokens.renew(resource);
    }
    throw new Error("The photo could not be had.");
  }
}
