export type { MediaServices } from "./assembly/media/media-services.ts";
export { createMediaAddresses, MEDIA_PREFIX } from "./media/addresses/media-addresses.ts";
export type {
  AddressedGrant,
  AddressRefusal,
  AddressWindows,
  CheckedAddress,
  MediaAddresses,
  MediaAddressParts,
  MediaSubject,
} from "./media/addresses/media-addresses.ts";
export { isBusy, isComplete, isWithheld, PUBLISHED_TYPES, savedName, VARIANTS } from "./media/assets.ts";
export type { VariantName } from "./media/assets.ts";
export type { MediaDesk } from "./media/desk.ts";
export { deliveryEvents } from "./media/delivery/events.ts";
export { createMediaDelivery } from "./media/delivery/routes.ts";
export type { MediaDeliveryParts } from "./media/delivery/routes.ts";
export { deliveryProblems } from "./media/delivery/problems.ts";
export { publishedMedia } from "./media/delivery/published-media.ts";
export type { PublishedFile, PublishedMedia } from "./media/delivery/published-media.ts";
export { mediaEvents } from "./media/events.ts";
export { mediaProblems } from "./media/problems.ts";
export { createClamdScanner } from "./media/scan/clamd.ts";
export type { ClamdOptions } from "./media/scan/clamd.ts";
export type { ClamdAddress, ClamdPatience } from "./media/scan/clamd-connection.ts";
export type { Scan, Scanner, ScannerStatus, ScannerVersion, ScanVerdict } from "./media/scan/scanner.ts";
export { identifyMedia, MEDIA_EXTENSIONS, MEDIA_HEAD_BYTES } from "./media/scrub/media-type.ts";
export type { MediaType } from "./media/scrub/media-type.ts";
export { walkMedia } from "./media/scrub/media-walk.ts";
export type { MediaWalk } from "./media/scrub/media-walk.ts";
export type { Misfit } from "./media/scrub/misfit.ts";
export type { Edit, ScrubPlan } from "./media/scrub/scrub-plan.ts";
export { Scrubber, ScrubError, scrubStream } from "./media/scrub/scrub-stream.ts";
export type { Walked } from "./media/scrub/scrub-stream.ts";
export type { MediaFacts, MetadataKind, WalkResult } from "./media/scrub/walk-result.ts";
export { openLocalTarget } from "./media/storage/local-target.ts";
export type { LocalTargetOptions } from "./media/storage/local-target.ts";
export { DamagedFileError, StorageTargetError, type StorageFault } from "./media/storage/storage-error.ts";
