import assert from "node:assert/strict";
import type { Kind } from "./trial.ts";

/** What people leave in fields and in text: focus, selections, values. */
export const FIELD_KINDS: readonly Kind[] = [
  {
    name: "focus of a button",
    survives: async (trial) => {
      await trial.run(`keep($("#go")); $("#go").focus()`);
      await trial.page.keyboard.press("Enter");
      await trial.until(`$("#count").textContent === "1"`);
      await trial.is(`document.activeElement === kept[0] && $("#go") === kept[0]`);
    },
  },
  {
    name: "focus of a field, without its events",
    survives: async (trial) => {
      await trial.run(`
        window.heard = [];
        for (const name of ["focus", "blur", "change"]) $("#text").addEventListener(name, () => heard.push(name));
        $("#text").focus();
      `);
      await trial.update();
      await trial.update();
      await trial.is(`[document.activeElement.id, ...heard]`, ["text", "focus"]);
    },
  },
  {
    name: "caret and selection in a field, with their direction",
    survives: async (trial) => {
      await trial.page.fill("#text", "something long");
      await trial.run(`$("#text").focus(); $("#text").setSelectionRange(2, 5, "backward")`);
      await trial.update();
      await trial.is(
        `(({ selectionStart, selectionEnd, selectionDirection }) =>
        [selectionStart, selectionEnd, selectionDirection])(document.activeElement)`,
        [2, 5, "backward"],
      );
    },
  },
  {
    name: "selection of text on the page",
    survives: async (trial) => {
      await trial.run(`getSelection().setBaseAndExtent($("#slanted").firstChild, 4, $("#bold").firstChild, 5)`);
      const selected = await trial.run(`String(getSelection())`);
      await trial.update();
      await trial.is(`[String(getSelection()), getSelection().anchorNode === $("#slanted").firstChild]`, [
        selected,
        true,
      ]);
    },
  },
  {
    name: "text and caret in contenteditable",
    remark: "what the server changes in it meanwhile is not shown",
    survives: async (trial) => {
      await trial.run(
        `$("#editor").focus(); getSelection().selectAllChildren($("#editor")); getSelection().collapseToEnd()`,
      );
      await trial.page.keyboard.type(" And more");
      await trial.page.keyboard.press("ArrowLeft");
      const before = await trial.run(`[$("#editor").innerText.trim(), getSelection().anchorOffset]`);
      await trial.update();
      await trial.is(`[$("#editor").innerText.trim(), getSelection().anchorOffset]`, before);
      await trial.is(`$("#editor").title`, "After 1");
      await trial.is(`document.activeElement.id`, "editor");
      assert.match(String(await trial.run(`$("#editor").textContent`)), /And more/);
    },
  },
  {
    name: "an IME composition in a field",
    only: "chromium",
    survives: async (trial) => {
      await trial.run(`
        window.heard = [];
        for (const name of ["compositionstart", "compositionend"])
          $("#text").addEventListener(name, () => heard.push(name));
        $("#text").focus();
        $("#text").select();
      `);
      const session = await trial.context.newCDPSession(trial.page);
      await session.send("Input.imeSetComposition", { text: "k", selectionStart: 1, selectionEnd: 1 });
      await trial.update();
      await trial.is(`[$("#text").value, ...heard]`, ["k", "compositionstart"]);
      await session.send("Input.imeSetComposition", { text: "か", selectionStart: 1, selectionEnd: 1 });
      await trial.update();
      await session.send("Input.insertText", { text: "か" });
      await trial.is(`[$("#text").value, ...heard]`, ["か", "compositionstart", "compositionend"]);
    },
  },
  {
    name: "an IME composition in contenteditable",
    only: "chromium",
    survives: async (trial) => {
      await trial.run(`
        window.heard = [];
        for (const name of ["compositionstart", "compositionend"])
          $("#editor").addEventListener(name, () => heard.push(name));
        $("#editor").focus();
        getSelection().selectAllChildren($("#editor"));
        getSelection().collapseToEnd();
      `);
      const session = await trial.context.newCDPSession(trial.page);
      await session.send("Input.imeSetComposition", { text: "k", selectionStart: 1, selectionEnd: 1 });
      await trial.update();
      await trial.is(`[$("#editor").innerText.trim(), ...heard]`, ["Write here.k", "compositionstart"]);
      await session.send("Input.imeSetComposition", { text: "か", selectionStart: 1, selectionEnd: 1 });
      await trial.update();
      await session.send("Input.insertText", { text: "か" });
      await trial.is(`[$("#editor").innerText.trim(), ...heard]`, [
        "Write here.か",
        "compositionstart",
        "compositionend",
      ]);
    },
  },
  {
    name: "text typed and not sent",
    survives: async (trial) => {
      await trial.page.fill("#text", "typed");
      await trial.page.fill("[name=unnamed]", "typed too");
      await trial.page.fill("#area", "typed\nlines");
      await trial.update();
      await trial.is(`[$("#text").value, $("[name=unnamed]").value, $("#area").value]`, [
        "typed",
        "typed too",
        "typed\nlines",
      ]);
      await trial.is(`$("[name=extra]").value`, "came in between");
    },
  },
  {
    name: "undo in a field",
    survives: async (trial) => {
      await trial.page.focus("#area");
      await trial.page.keyboard.type("typed");
      await trial.update();
      assert.match(String(await trial.run(`$("#area").value`)), /typed/);
      for (let presses = 0; presses < 5; presses += 1) await trial.page.keyboard.press("Control+z");
      await trial.is(`$("#area").value`, "server");
    },
  },
  {
    name: "ticked boxes and chosen radio buttons",
    survives: async (trial) => {
      await trial.page.check("#check");
      await trial.page.check("#small");
      await trial.update();
      await trial.is(`["#check", "#small", "#medium", "#large"].map((name) => $(name).checked)`, [
        true,
        true,
        false,
        false,
      ]);
    },
  },
  {
    name: "a choice from a list",
    survives: async (trial) => {
      await trial.page.selectOption("#one", "two");
      await trial.update();
      await trial.is(`[$("#one").value, $("#one").length]`, ["two", 4]);
    },
  },
  {
    name: "several choices from a list",
    survives: async (trial) => {
      await trial.page.selectOption("#many", ["one", "three"]);
      await trial.update();
      await trial.is(`[...$("#many").selectedOptions].map(({ value }) => value)`, ["one", "three"]);
    },
  },
  {
    name: "a chosen file",
    survives: async (trial) => {
      const file = { name: "photo.txt", mimeType: "text/plain", buffer: Buffer.from("seen") };
      await trial.page.setInputFiles("#file", file);
      await trial.update();
      await trial.is(`(async () => [$("#file").title, await $("#file").files[0].text()])()`, ["After 1", "seen"]);
    },
  },
  {
    name: "sliders, colours and dates",
    survives: async (trial) => {
      await trial.page.fill("#range", "77");
      await trial.page.fill("#color", "#123456");
      await trial.page.fill("#date", "2031-12-24");
      await trial.update();
      await trial.is(`["#range", "#color", "#date"].map((name) => $(name).value)`, ["77", "#123456", "2031-12-24"]);
    },
  },
];
