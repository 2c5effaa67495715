import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { NodeExpressLiveViewServer } from "@liveviewjs/express";
import { build } from "esbuild";
import express from "express";
import session from "express-session";
import { createLiveView, html, safe, type LiveViewTemplate } from "liveviewjs";
import { WebSocketServer } from "ws";
import { KEEP_ALIVE, type Running } from "../support/served.ts";
import { ROWS, vote, type Row } from "./rows.ts";

const SECRET = "only for this benchmark, on loopback";

const like = createLiveView<{ likes: number }, { type: "like" }>({
  mount: (socket) => void socket.assign({ likes: 0 }),
  handleEvent: (_event, socket) => void socket.assign({ likes: socket.context.likes + 1 }),
  render: ({ likes }) => html`<p>Likes: <output>${likes}</output></p>
      <button phx-click="like">Like</button>`,
});

const table = createLiveView<{ rows: Row[] }, { type: "vote"; row: string }>({
  mount: (socket) => void socket.assign({ rows: [...ROWS] }),
  handleEvent: ({ row }, socket) => void socket.assign({ rows: vote(socket.context.rows, Number(row)) }),
  render: ({ rows }) => {
    const tableRow = ({ id, name, city, votes }: Row): LiveViewTemplate =>
      html`<tr><td>${name}</td><td>${city}</td><td><output>${votes}</output></td><td><button phx-click="vote" phx-value-row="${id}">Vote</button></td></tr>`;
    return html`<table>
        <thead><tr><th>Name</th><th>City</th><th>Votes</th><th></th></tr></thead>
        <tbody>${rows.map(tableRow)}</tbody>
      </table>`;
  },
});

/** The browser side that its authors document: Phoenix's own, of the generation its protocol is of. */
async function clientScript(): Promise<string> {
  const contents = `
    import { Socket } from "phoenix";
    import { LiveSocket } from "phoenix_live_view";
    const token = document.querySelector('meta[name="csrf-token"]').content;
    const live = new LiveSocket("/live", Socket, { params: { _csrf_token: token } });
    // On localhost it would write everything to the console.
    live.disableDebug();
    live.connect();`;
  const stdin = { contents, resolveDir: import.meta.dirname };
  const { outputFiles } = await build({ stdin, bundle: true, minify: true, write: false, logLevel: "error" });
  return outputFiles[0]?.text ?? "";
}

/** The same components as views of liveviewjs on Express, with its own server of web sockets. */
export async function serveLiveViews(): Promise<Running> {
  const script = await clientScript();
  const views = new NodeExpressLiveViewServer(
    { "/like": like, "/table": table },
    (_title, token, content) =>
      html`<!doctype html><html lang="en"><head><meta charset="utf-8" /><title>Votes</title><meta name="csrf-token" content="${token}" /><script defer src="/client.js"></script></head><body>${safe(content)}</body></html>`,
    { title: "Votes" },
    { serDeSigningSecret: SECRET },
  );
  const app = express();
  app.get("/client.js", (_request, response) => void response.type("text/javascript").send(script));
  app.use(session({ secret: SECRET, resave: false, saveUninitialized: true }));
  app.use(views.httpMiddleware());
  const server = createServer(app);
  server.keepAliveTimeout = KEEP_ALIVE;
  const sockets = new WebSocketServer({ server });
  await views.wsMiddleware()(sockets);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A server that listens on a port has this kind of address.
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> => {
    for (const client of sockets.clients) client.terminate();
    server.closeAllConnections();
    return new Promise((closed) => server.close(() => closed()));
  };
  return { port, close };
}
