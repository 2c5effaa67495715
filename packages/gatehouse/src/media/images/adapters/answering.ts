import type { PictureAnswer, PictureTask } from "../picture-task.ts";

/** Does one task after the other for the parent process, until that is gone. */
export function answerTasks(work: (task: PictureTask) => Promise<PictureAnswer>): void {
  process.on("disconnect", () => process.exit());
  process.on("message", (message) => {
    // Sent by the parent, which knows no other messages.
    const task = message as PictureTask;
    void work(task)
      .catch((error: unknown): PictureAnswer => ({ ok: false, fault: faultOf(error), detail: textOf(error) }))
      .then((answer) => process.send?.(answer));
  });
}

function faultOf(error: unknown): "too-large" | "not-installed" | "undecodable" {
  if (error instanceof Error && "code" in error && /MODULE_NOT_FOUND$/.test(String(error.code))) return "not-installed";
  return /exceeds pixel limit|exceeds channel limit|too many pixels/i.test(textOf(error)) ? "too-large" : "undecodable";
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
