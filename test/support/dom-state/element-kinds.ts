import { setTimeout as pause } from "node:timers/promises";
import type { Kind } from "./trial.ts";

/** What people leave in elements that open, scroll, play or are drawn on. */
export const ELEMENT_KINDS: readonly Kind[] = [
  {
    name: "the scroll position of a part",
    survives: async (trial) => {
      await trial.run(`$("#scroller").scrollTo(0, 100)`);
      await trial.update();
      await trial.is(`$("#scroller").scrollTop`, 100);
    },
  },
  {
    name: "the place on the page, while content above grows",
    remark: "by the browser's scroll anchoring",
    survives: async (trial) => {
      await trial.run(`scrollTo(0, $("#rows").getBoundingClientRect().top - 40)`);
      await pause(200);
      await trial.run(`window.place = $("#rows").getBoundingClientRect().top`);
      await trial.update("grow");
      await pause(200);
      await trial.is(`$("#above").children.length`, 5);
      await trial.is(`Math.abs($("#rows").getBoundingClientRect().top - place) < 3`);
    },
  },
  {
    name: "an open modal dialog",
    survives: async (trial) => {
      await trial.run(`$("#modal").showModal(); $("#within").focus()`);
      await trial.update();
      await trial.is(
        `[$("#modal").matches(":modal"), $("#modal").textContent.includes("1"), document.activeElement.id]`,
        [true, true, "within"],
      );
      await trial.page.keyboard.press("Escape");
      await trial.is(`$("#modal").open`, false);
      await trial.update();
      await trial.is(`$("#modal").open`, false);
    },
  },
  {
    name: "an open dialog beside the page",
    survives: async (trial) => {
      await trial.run(`$("#pane").show()`);
      await trial.update();
      await trial.is(`[$("#pane").open, $("#pane").textContent]`, [true, "1"]);
    },
  },
  {
    name: "details that were opened",
    survives: async (trial) => {
      await trial.page.click("#closed summary");
      await trial.update();
      await trial.is(`[$("#closed").open, $("#closed p").textContent]`, [true, "1"]);
    },
  },
  {
    name: "details that were closed",
    survives: async (trial) => {
      await trial.page.click("#opened summary");
      await trial.update();
      await trial.is(`[$("#opened").open, $("#opened p").textContent]`, [false, "1"]);
    },
  },
  {
    name: "an open popover",
    survives: async (trial) => {
      await trial.run(`$("#auto").showPopover()`);
      await trial.update();
      await trial.is(`[$("#auto").matches(":popover-open"), $("#auto").textContent]`, [true, "1"]);
    },
  },
  {
    name: "an open manual popover",
    survives: async (trial) => {
      await trial.run(`$("#manual").showPopover()`);
      await trial.update();
      await trial.is(`[$("#manual").matches(":popover-open"), $("#manual").textContent]`, [true, "1"]);
    },
  },
  {
    name: "an element shown in full screen",
    survives: async (trial) => {
      await trial.run(`$("#plain").addEventListener("click", () => $("#moving").requestFullscreen())`);
      await trial.page.click("#plain");
      await trial.until(`document.fullscreenElement?.id === "moving"`);
      await trial.update();
      await trial.is(`[document.fullscreenElement?.id, $("#moving").textContent]`, ["moving", "1"]);
      await trial.run(`document.exitFullscreen()`);
    },
  },
  {
    name: "a playing video",
    survives: async (trial) => {
      await trial.run(`(async () => {
        const pen = $("#canvas").getContext("2d");
        setInterval(() => pen.fillRect(Math.random() * 20, 0, 2, 2), 30);
        const video = $("#video");
        video.muted = true;
        video.srcObject = $("#canvas").captureStream(25);
        await video.play();
        window.paused = 0;
        video.addEventListener("pause", () => { paused += 1; });
        keep(video);
      })()`);
      await trial.until(`$("#video").currentTime > 0`);
      await trial.run(`window.moment = $("#video").currentTime`);
      await trial.update();
      await trial.until(`$("#video").currentTime > moment`);
      await trial.is(`[$("#video") === kept[0], $("#video").paused, paused, $("#video").className]`, [
        true,
        false,
        0,
        "n1",
      ]);
    },
  },
  {
    name: "playing sound and its position",
    survives: async (trial) => {
      await trial.run(`(async () => {
        const audio = $("#audio");
        audio.muted = true;
        audio.currentTime = 0.1;
        await audio.play();
        window.heard = [];
        for (const name of ["pause", "emptied", "loadstart"]) audio.addEventListener(name, () => heard.push(name));
      })()`);
      await trial.update();
      await trial.is(`[$("#audio").paused, $("#audio").muted, $("#audio").currentTime > 0, ...heard]`, [
        false,
        true,
        true,
      ]);
    },
  },
  {
    name: "what was drawn on a canvas",
    survives: async (trial) => {
      await trial.run(`
        const pen = $("#canvas").getContext("2d");
        pen.fillStyle = "#f00";
        pen.fillRect(0, 0, 20, 20);
      `);
      await trial.update();
      await trial.is(`[...$("#canvas").getContext("2d").getImageData(5, 5, 1, 1).data]`, [255, 0, 0, 255]);
    },
  },
  {
    name: "a frame, without loading again",
    survives: async (trial) => {
      await trial.run(`
        window.loads = 0;
        $("#frame").addEventListener("load", () => { loads += 1; });
        $("#frame").contentWindow.mark = "here";
      `);
      await trial.update();
      await trial.is(`[loads, $("#frame").contentWindow.mark, $("#frame").title]`, [0, "here", "After 1"]);
    },
  },
  {
    name: "a button under the pointer, and pressed",
    survives: async (trial) => {
      await trial.run(`window.clicks = 0; $("#plain").addEventListener("click", () => { clicks += 1; })`);
      await trial.page.hover("#plain");
      await trial.page.mouse.down();
      await trial.run(`document.documentElement.style.paddingTop = "0px"`);
      await trial.run(
        `(async () => { await liveComponent.executeAction("update"); await liveComponent.executeAction("update"); })()`,
      );
      await trial.is(`[$("#plain").matches(":hover"), $("#plain").matches(":active"), $("#plain").title]`, [
        true,
        true,
        "After 2",
      ]);
      await trial.page.mouse.up();
      await trial.is(`clicks`, 1);
    },
  },
];
