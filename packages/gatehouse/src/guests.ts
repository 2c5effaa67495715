export type { GuestServices } from "./assembly/guests/guest-services.ts";
export { GuestDoor } from "./guests/door.ts";
export type { Entry, GuestDoorParts } from "./guests/door.ts";
export { guestEvents } from "./guests/events.ts";
export type { Joined } from "./guests/exchange.ts";
export { joinTokenOf, joinTokensOf } from "./guests/grants.ts";
export { JoinTokenBook } from "./guests/join-token-book.ts";
export type {
  IssuedJoinToken,
  JoinTokenBookParts,
  JoinTokenDefaults,
  JoinTokenRequest,
  PrintedJoinToken,
} from "./guests/join-token-book.ts";
export { guestLimits } from "./guests/limits.ts";
export type { GuestLimit, GuestLimitSettings } from "./guests/limits.ts";
export type { CardPrinter, JoinCard } from "./guests/print.ts";
export { guestProblems } from "./guests/problems.ts";
export { qrSvg } from "./guests/qr-code.ts";
export { JOIN_PATH } from "./guests/routes.ts";
export type { JoinPageContent, JoinRouteOptions } from "./guests/routes.ts";
export { JoinTokenUsage } from "./guests/usage.ts";
export type { JoinTokenUsageParts, JoinTokenUse } from "./guests/usage.ts";
export { guestLanguages, guestWords } from "./guests/words.ts";
export type { GuestLanguage, GuestWords } from "./guests/words.ts";
