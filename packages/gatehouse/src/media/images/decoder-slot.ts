import { mkdirSync, mkdtempSync } from "node:fs";
import { constants, copyFile, lstat, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { PictureTask } from "./picture-task.ts";

/** What a task is to a child process: with paths in its own folder. `targets` says where what it makes belongs. */
export interface SlottedTask {
  readonly task: PictureTask;
  readonly targets: readonly { readonly made: string; readonly target: string }[];
}

/** The one folder that a child process may read and write: in it is the picture it is at, and no other. */
export class DecoderSlot {
  readonly path: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.path = mkdtempSync(join(folder, "decoder-"));
  }

  /** Brings the picture of a task. It is a copy: what the process does to it changes nothing else. */
  async bring(task: PictureTask): Promise<SlottedTask> {
    const source = join(this.path, "source");
    // Plain pixels were made for this alone, and are large.
    if (task.task === "encode" && task.raw !== undefined) await rename(task.source, source);
    else await copyFile(task.source, source, constants.COPYFILE_FICLONE);
    if (task.task === "decode") {
      const made = join(this.path, "made");
      return { task: { ...task, source, target: made }, targets: [{ made, target: task.target }] };
    }
    const outputs = task.outputs.map((output, index) => ({ ...output, target: join(this.path, `made-${index}`) }));
    const targets = outputs.map(({ target: made }, index) => ({ made, target: task.outputs[index]?.target ?? made }));
    return { task: { ...task, source, outputs }, targets };
  }

  /**
   * Takes what was made to where it belongs; `false` where that is not there, or no file of its own: a link would have
   * us publish what it leads to.
   */
  async take({ targets }: SlottedTask): Promise<boolean> {
    for (const { made, target } of targets) {
      const found = await lstat(made).catch(() => undefined);
      if (found?.isFile() !== true || found.nlink !== 1) return false;
      await rename(made, target);
    }
    return true;
  }

  /** Leaves nothing for the next task. */
  async clear(): Promise<void> {
    for (const name of await readdir(this.path)) await rm(join(this.path, name), { recursive: true, force: true });
  }

  /** Removes the folder, once the process is gone. */
  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
