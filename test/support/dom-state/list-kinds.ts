import { ROWS } from "./room.ts";
import type { Kind } from "./trial.ts";

/** What rows of a list must not lose when their order changes. */
export const LIST_KINDS: readonly Kind[] = [
  {
    name: "rows of a list in a new order: the elements",
    remark: "with `data-key` or `id`; nothing is touched but the rows that move",
    survives: async (trial) => {
      await trial.run(
        `keep(...$("#rows").children); for (const row of kept) row.querySelector("input").value = row.dataset.key`,
      );
      await trial.update("rotate");
      await trial.is(`[...$("#rows").children].map((row) => kept.indexOf(row))`, [1, 2, 3, 0]);
      await trial.is(`[...$("#rows").querySelectorAll("input")].map(({ value }) => value)`, [
        "beech",
        "cedar",
        "elm",
        "ash",
      ]);
      await trial.is(`[...new Set(calls.map(([, name]) => name).filter((name) => !/\\d/.test(name)))]`, ["ash"]);
    },
  },
  {
    name: "rows of a list in a new order: focus and caret",
    survives: async (trial) => {
      await trial.run(
        `const field = row("ash").querySelector("input"); field.value = "typed"; field.focus(); field.setSelectionRange(1, 3, "backward")`,
      );
      await trial.update("reverse");
      await trial.update("rotate");
      await trial.is(
        `(({ value, selectionStart, selectionEnd, selectionDirection, ...rest }) =>
        [value, selectionStart, selectionEnd, selectionDirection, document.activeElement.closest("li").dataset.key])(document.activeElement)`,
        ["typed", 1, 3, "backward", "ash"],
      );
    },
  },
  {
    name: "rows of a list in a new order: focus and caret, in browsers without moveBefore",
    survives: async (trial) => {
      await trial.run(`delete Element.prototype.moveBefore`);
      await trial.run(`
        const field = row("ash").querySelector("input");
        field.value = "typed";
        field.focus();
        field.setSelectionRange(1, 3, "backward");
      `);
      await trial.update("reverse");
      await trial.update("rotate");
      await trial.is(
        `(({ value, selectionStart, selectionEnd, selectionDirection }) =>
        [value, selectionStart, selectionEnd, selectionDirection, document.activeElement.closest("li")?.dataset.key])(document.activeElement)`,
        ["typed", 1, 3, "backward", "ash"],
      );
    },
  },
  {
    name: "rows of a list in a new order: an IME composition",
    only: "chromium",
    survives: async (trial) => {
      await trial.run(`
        const field = row("ash").querySelector("input");
        window.heard = [];
        for (const name of ["compositionstart", "compositionend"]) field.addEventListener(name, () => heard.push(name));
        field.focus();
        field.select();
      `);
      const session = await trial.context.newCDPSession(trial.page);
      await session.send("Input.imeSetComposition", { text: "k", selectionStart: 1, selectionEnd: 1 });
      await trial.update("reverse");
      await session.send("Input.imeSetComposition", { text: "か", selectionStart: 1, selectionEnd: 1 });
      await session.send("Input.insertText", { text: "か" });
      await trial.is(`[row("ash").querySelector("input").value, ...heard]`, [
        "か",
        "compositionstart",
        "compositionend",
      ]);
    },
  },
  {
    name: "rows of a list in a new order: opened details and dialogs",
    survives: async (trial) => {
      await trial.run(
        `row("ash").querySelector("details").open = true; row("cedar").querySelector("dialog").showModal()`,
      );
      await trial.update("reverse");
      await trial.update("rotate");
      await trial.is(
        `[row("ash").querySelector("details").open, row("beech").querySelector("details").open, row("cedar").querySelector("dialog").matches(":modal")]`,
        [true, false, true],
      );
    },
  },
  {
    name: "rows of a list in a new order: scroll positions",
    remark: "Firefox forgets them for what moves, as do browsers without moveBefore",
    lost: ["firefox"],
    survives: async (trial) => {
      await trial.run(
        `for (const name of ["ash", "beech", "cedar", "elm"]) row(name).querySelector(".tall").scrollTo(0, name.length * 10)`,
      );
      await trial.update("reverse");
      await trial.is(
        `["ash", "beech", "cedar", "elm"].map((name) => row(name).querySelector(".tall").scrollTop)`,
        [30, 50, 50, 30],
      );
    },
  },
  {
    name: "rows of a list in a new order: frames",
    remark: "where the browser has moveBefore (Chromium 133, Firefox 144)",
    survives: async (trial) => {
      await trial.run(
        `for (const name of ["ash", "beech", "cedar", "elm"]) row(name).querySelector("iframe").contentWindow.mark = name`,
      );
      await trial.update("reverse");
      await trial.is(
        `["ash", "beech", "cedar", "elm"].map((name) => row(name).querySelector("iframe").contentWindow.mark)`,
        [...ROWS],
      );
    },
  },
  {
    name: "rows that a script has let a person drag, once the server has confirmed the order",
    remark: "else they go back to where the server has them",
    survives: async (trial) => {
      await trial.run(
        `keep(...$("#rows").children); row("ash").querySelector("input").value = "typed"; $("#rows").append(row("ash"))`,
      );
      await trial.update("rotate");
      await trial.is(`[...$("#rows").children].map((row) => kept.indexOf(row))`, [1, 2, 3, 0]);
      await trial.is(`row("ash").querySelector("input").value`, "typed");
      await trial.run(`$("#rows").prepend(row("ash")); $("#above").append(row("elm"))`);
      await trial.update();
      await trial.is(`[...$("#rows").children].map((row) => kept.indexOf(row))`, [1, 2, 3, 0]);
      await trial.is(`$("#above").children.length`, 0);
    },
  },
  {
    name: "the place of the focus, when its element is removed",
    remark: "the component has the focus then",
    survives: async (trial) => {
      await trial.run(`row("ash").querySelector("input").focus()`);
      await trial.update("shrink");
      await trial.is(`[row("ash"), document.activeElement.hasAttribute("data-live-content")]`, [null, true]);
    },
  },
];
