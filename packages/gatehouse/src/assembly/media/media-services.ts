import type { MediaAssets } from "../../kernel/ports/media-assets.ts";
import type { MediaGrants } from "../../kernel/ports/media-grants.ts";
import type { MediaIntake, ResumableFiles } from "../../kernel/ports/media-intake.ts";
import type { StorageTarget } from "../../kernel/ports/storage-target.ts";
import type { MediaDesk } from "../../media/desk.ts";
import type { MediaAddresses } from "../../media/addresses/media-addresses.ts";

/** Files that people bring, for modules and applications. */
export interface MediaServices {
  readonly assets: MediaAssets;
  /** Decides about files and erases them, in transactions of the application's own actions and orders. */
  readonly desk: MediaDesk;
  /** Takes over files whose upload has ended. */
  readonly intake: MediaIntake;
  /** Where received files wait until they have been looked at. */
  readonly quarantine: ResumableFiles;
  /** Where the forms of published assets are. */
  readonly target: StorageTarget;
  /** Signs the addresses at which published files are delivered. */
  readonly addresses: MediaAddresses;
  /** Who may do what in which collection, of all who hand out grants. */
  readonly grants: MediaGrants;
  /** Whether files are looked at by a scanner before they are published. */
  readonly scans: boolean;
}
