/** Why something could not be done in a space. */
export type SpaceErrorCode =
  /** The type of the order has not declared the resource or effect. */
  | "UNDECLARED"
  /** What was to be created is there already. */
  | "EXISTS"
  /** What was to be changed or deleted is not there. */
  | "MISSING"
  /** What was to be taken back has been changed since. */
  | "CHANGED_SINCE"
  /** There are more changes than a plan may have. */
  | "TOO_MANY"
  /** Two things were begun at once, or one was not awaited. */
  | "NOT_AWAITED"
  /** The plan has been made, or carried out, already. */
  | "CLOSED";

/** A plan cannot be made this way; trying again changes nothing. */
export class WorkSpaceError extends Error {
  override readonly name = "WorkSpaceError";
  readonly code: SpaceErrorCode;
  constructor(code: SpaceErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
