import type { Denial } from "../../kernel/outcome.ts";
import type { ResumableUpload } from "../../kernel/ports/resumable-uploads.ts";
import { problems } from "../../kernel/problems.ts";
import type { ContentCommand } from "./command.ts";
import type { UploadLimits } from "./limits.ts";
import { uploadProblems } from "./problems.ts";
import { inconsistent, refuse } from "./refusals.ts";

/** The length of an upload, where all that is said about it agrees; `undefined` as long as nobody has told it. */
export function agreedLength(
  upload: ResumableUpload,
  command: ContentCommand,
  limits: UploadLimits,
): number | Denial | undefined {
  const { offset, contentLength, completes } = command;
  const { largestFile, largestRequest } = limits;
  const implied = completes === true && contentLength !== undefined ? offset + contentLength : undefined;
  const said = [upload.length, command.length, implied].filter((length) => length !== undefined);
  const [length] = said;
  if (said.some((other) => other !== length)) return inconsistent("Two lengths were announced.");
  if (contentLength !== undefined && length !== undefined && offset + contentLength > length)
    return inconsistent("More is sent than was announced.");
  if (largestRequest > 0 && (contentLength ?? 0) > largestRequest) return requestTooLarge(largestRequest);
  if (Math.max(length ?? 0, offset + (contentLength ?? 0)) > largestFile)
    return refuse(uploadProblems.UPLOAD_TOO_LARGE_FOR_COLLECTION);
  return length;
}

/** The denial of a request that brings more than one may. */
export function requestTooLarge(most: number): Denial {
  return refuse(problems.PAYLOAD_TOO_LARGE, `One request may bring ${most} bytes.`);
}
