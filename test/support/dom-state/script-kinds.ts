import assert from "node:assert/strict";
import { ROWS } from "./room.ts";
import type { Kind } from "./trial.ts";

/** What scripts, browsers and browser extensions leave in a page. */
export const SCRIPT_KINDS: readonly Kind[] = [
  {
    name: "a custom element and its state, without callbacks but for changed attributes",
    survives: async (trial) => {
      await trial.run(`$("#part").secret = 7; $("#part").append("own child")`);
      await trial.update();
      await trial.is(`[$("#part").secret, $("#part").textContent, calls]`, [7, "own child", [["label", "1"]]]);
    },
  },
  {
    name: "an open shadow root",
    survives: async (trial) => {
      await trial.run(`$("#shadow").attachShadow({ mode: "open" }).append(document.createElement("input"), document.createElement("slot"));
        $("#shadow").shadowRoot.querySelector("input").value = "typed"; $("#shadow").shadowRoot.querySelector("input").focus()`);
      await trial.update();
      await trial.is(
        `[$("#shadow").shadowRoot.querySelector("input").value, $("#shadow").shadowRoot.activeElement?.localName, $("#shadow").textContent]`,
        ["typed", "input", "1"],
      );
    },
  },
  {
    name: "a closed shadow root",
    survives: async (trial) => {
      await trial.run(`window.root = $("#shadow").attachShadow({ mode: "closed" });
        root.append(document.createElement("input"));
        root.firstChild.value = "typed"; root.firstChild.focus()`);
      await trial.update();
      await trial.is(`[root.firstChild.value, root.activeElement?.localName, root.host === $("#shadow")]`, [
        "typed",
        "input",
        true,
      ]);
    },
  },
  {
    name: "a running animation",
    remark: "started by a class that a script of the page has added",
    survives: async (trial) => {
      await trial.run(
        `$("#moving").classList.add("run"); window.animation = $("#moving").getAnimations()[0]; animation.currentTime = 30_000`,
      );
      await trial.update();
      await trial.is(
        `[$("#moving").getAnimations()[0] === animation, animation.currentTime >= 30_000, $("#moving").textContent]`,
        [true, true, "1"],
      );
    },
  },
  {
    name: "a running transition",
    survives: async (trial) => {
      await trial.run(`getComputedStyle($("#toggled")).opacity; $("#toggled").classList.add("faint");
        window.transition = $("#toggled").getAnimations()[0]; transition.currentTime = 30_000`);
      await trial.update();
      await trial.is(
        `[$("#toggled").getAnimations()[0] === transition, getComputedStyle($("#toggled")).opacity < 0.6, [...$("#toggled").classList].sort().join(" ")]`,
        [true, true, "box faint n1"],
      );
    },
  },
  {
    name: "classes, styles and attributes that scripts of the page have set",
    remark: "where the server changes the same attribute, its value counts; classes are merged",
    survives: async (trial) => {
      await trial.run(`
        const box = $("#toggled");
        box.classList.add("touched");
        box.style.color = "red";
        box.dataset.seen = "yes";
        box.setAttribute("aria-expanded", "true");
      `);
      await trial.update();
      await trial.is(
        `(({ classList, style, dataset, ariaExpanded, textContent }) =>
        [[...classList].sort().join(" "), style.color, dataset.seen, ariaExpanded, textContent])($("#toggled"))`,
        ["box n1 touched", "red", "yes", "true", "1"],
      );
    },
  },
  {
    name: "text that scripts of the page have rewritten",
    remark: "until the server changes the same text",
    survives: async (trial) => {
      await trial.run(`
        $("#bold").textContent = "some of them written";
        $("#slanted").firstChild.data = "more by a script";
        $("#changing").textContent = "Seen never";
      `);
      await trial.update();
      await trial.is(`[$("#bold").textContent, $("#slanted").textContent, $("#changing").textContent]`, [
        "some of them written",
        "more by a script",
        "Seen 1 times",
      ]);
    },
  },
  {
    name: "what scripts put into an element marked data-live-keep",
    survives: async (trial) => {
      await trial.run(`
        const widget = $("#widget");
        widget.className = "ready";
        widget.style.width = "50px";
        widget.append(Object.assign(document.createElement("input"), { value: "drawn" }), "text");
      `);
      const before = await trial.run(`$("#widget").outerHTML`);
      await trial.update();
      await trial.is(`[$("#widget").outerHTML, $("#widget input").value]`, [before, "drawn"]);
    },
  },
  {
    name: "elements that browser extensions have added",
    survives: async (trial) => {
      await trial.run(`
        window.helpers = ["#area", "#prose", "#rows > :nth-child(2)"].map((selector) => {
          const helper = document.createElement("writing-helper");
          helper.attachShadow({ mode: "closed" }).append("!");
          $(selector).after(helper);
          return helper;
        });
        $("#text").setAttribute("data-helper", "on");
      `);
      await trial.update("reverse");
      await trial.update();
      await trial.is(`[...helpers.map((helper) => helper.isConnected), $("#text").dataset.helper]`, [
        true,
        true,
        true,
        "on",
      ]);
      await trial.is(`[helpers[0].previousElementSibling.id, helpers[1].previousElementSibling.id]`, ["area", "prose"]);
      await trial.is(`[...$("#rows").querySelectorAll("li")].map(({ dataset }) => dataset.key)`, ROWS.toReversed());
    },
  },
  {
    name: "the browser's translation of the page",
    remark: "what the server has changed since shows in its own language until it is translated again",
    survives: async (trial) => {
      await trial.run(`
        window.translate = (root, text) => {
          for (const node of [...root.childNodes].filter(({ nodeType, data }) => nodeType === 3 && data.trim() !== "")) {
            const outer = document.createElement("font");
            outer.append(Object.assign(document.createElement("font"), { textContent: text(node.data) }));
            node.replaceWith(outer);
          }
        };
        for (const root of document.querySelectorAll("#hello, #morning, #morning b, #changing"))
          translate(root, (text) => text.toUpperCase());
      `);
      await trial.update();
      await trial.is(`$("#hello").textContent`, "Hello for the time 1");
      await trial.is(`$("#morning").textContent`, "GOOD MORNING TO EVERYBODY");
      await trial.run(`translate($("#hello"), (text) => text.toUpperCase())`);
      await trial.update();
      await trial.is(`$("#hello").textContent`, "Hello for the time 2");
      assert.equal(String(await trial.run(`$("#changing").textContent`)).toLowerCase(), "seen 2 times");
    },
  },
  {
    name: "fields filled in by the browser",
    remark: "browsers fill in only for people, so the test sets the value as they do",
    survives: async (trial) => {
      await trial.run(`
        const field = $("#mail");
        field.value = "ada@example.org";
        field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertReplacementText" }));
        field.dispatchEvent(new Event("change", { bubbles: true }));
        keep(field);
      `);
      await trial.update();
      await trial.is(`[$("#mail").value, $("#mail") === kept[0], $("#mail").title]`, [
        "ada@example.org",
        true,
        "After 1",
      ]);
    },
  },
  {
    name: "a component inside another",
    survives: async (trial) => {
      await trial.run(`$("#slot").append($('[data-live="inner:main"]')); keep($("#inner-text"))`);
      await trial.page.fill("#inner-text", "typed");
      await trial.page.click("#inner-add");
      await trial.until(`$("#inner-count").textContent === "1"`);
      await trial.update();
      await trial.is(`[$("#inner-text") === kept[0], kept[0].value, $("#inner-count").textContent]`, [
        true,
        "typed",
        "1",
      ]);
      await trial.page.click("#inner-add");
      await trial.until(`$("#inner-count").textContent === "2"`);
    },
  },
  {
    name: "a part that the server hides and shows again",
    remark: "the focus, if it was inside, goes to the component",
    survives: async (trial) => {
      await trial.page.fill("#folded", "typed");
      await trial.run(`keep($("#folded"))`);
      await trial.update("fold");
      await trial.is(`[$("#fold").hidden, $("#fold").inert]`, [true, true]);
      await trial.is(`document.activeElement.hasAttribute("data-live-content")`);
      await trial.update("fold");
      await trial.is(`[$("#fold").hidden, $("#folded") === kept[0], $("#folded").value]`, [false, true, "typed"]);
    },
  },
];
