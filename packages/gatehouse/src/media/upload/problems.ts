import { defineProblems } from "../../kernel/problem.ts";

const REGISTERED = "https://iana.org/assignments/http-problem-types";

/** Problems of uploads that arrive in pieces. */
export const uploadProblems = defineProblems({
  UPLOAD_LENGTH_INCONSISTENT: {
    status: 400,
    message: "The lengths that were announced for this upload contradict each other, or what was sent.",
    type: `${REGISTERED}#inconsistent-upload-length`,
  },
  UPLOAD_COMPLETED: {
    status: 400,
    message: "This upload is complete already and cannot be changed.",
    type: `${REGISTERED}#completed-upload`,
  },
  UPLOAD_DIGEST_MISMATCH: {
    status: 400,
    message: "What arrived is not what was sent. It was thrown away; please send it again.",
    type: `${REGISTERED}#digest-mismatched-values`,
    retryable: true,
  },
  UPLOAD_CHECKSUM_MISMATCH: {
    status: 460,
    message: "What arrived is not what was sent. It was thrown away; please send it again.",
    retryable: true,
  },
  UPLOAD_NOT_GRANTED: { status: 403, message: "You cannot upload here, or not any more." },
  UPLOADS_EXHAUSTED: { status: 403, message: "There is no room for this file: what may be uploaded here is used up." },
  UPLOADS_SHARE_EXHAUSTED: {
    status: 403,
    message: "There is no room for this file: you have brought as much as one guest may here.",
  },
  UPLOAD_OFFSET_MISMATCH: {
    status: 409,
    message: "The upload goes on from another place.",
    type: `${REGISTERED}#mismatching-upload-offset`,
    retryable: true,
  },
  UPLOAD_OVERTAKEN: {
    status: 409,
    message: "The upload is going on in another request.",
    retryable: true,
  },
  UPLOAD_PARTS_UNUSABLE: { status: 409, message: "These parts cannot be put together: not all of them are there." },
  UPLOAD_GONE: { status: 410, message: "This upload has ended. Please begin anew." },
  UPLOAD_VERSION_UNSUPPORTED: { status: 412, message: "This version of the upload protocol is not spoken here." },
  UPLOAD_TOO_LARGE_FOR_COLLECTION: { status: 413, message: "The file is larger than what is accepted here." },
  UPLOADS_OPEN: {
    status: 429,
    message: "Too many uploads have been begun and not finished. Finish or cancel some of them first.",
  },
  UPLOADS_PAUSED: {
    status: 503,
    message: "Uploads are paused at the moment. What has arrived is kept; please go on later.",
  },
  UPLOADS_BUSY: { status: 503, message: "Many files are arriving at the moment. Please try again shortly." },
  UPLOAD_STORAGE_FULL: {
    status: 507,
    message: "There is no room to store the file at the moment. What has arrived is kept; please try again later.",
    retryable: true,
  },
  UPLOAD_STORAGE_FAILED: {
    status: 503,
    message: "The file could not be stored. What has arrived is kept; please try again.",
  },
});
