import { createElement, StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { createSignIn } from "gatehouse/oauth/browser";

const signIn = createSignIn({
  issuer: location.origin,
  clientId: "spa",
  redirectUri: `${location.origin}/app`,
  signedOutUri: `${location.origin}/app`,
  scopes: ["offline_access", "profile"],
});

/** Who is signed in, in words; and how that came about. */
function App() {
  const [status, setStatus] = useState("one moment");
  // As applications are written: strict mode runs it twice, and development does so by default.
  useEffect(() => {
    const show = async () => {
      const finished = await signIn.finish();
      const claims = await signIn.claims();
      setStatus(claims === undefined ? "nobody" : `${claims.sub} to ${finished?.returnTo ?? "nowhere"}`);
    };
    const failed = (error) => setStatus(`failed: ${error.code ?? error}`);
    show().catch(failed);
    const watch = signIn.onChange(() => void show().catch(failed));
    return () => watch[Symbol.dispose]();
  }, []);
  const start = () => void signIn.start({ returnTo: "/app/photos?page=2" });
  return createElement(
    "main",
    null,
    createElement("p", { id: "status" }, status),
    createElement("button", { onClick: start }, "Sign in"),
    createElement("button", { onClick: () => void signIn.signOut() }, "Sign out"),
  );
}

window.signIn = signIn;
createRoot(document.querySelector("#app")).render(createElement(StrictMode, null, createElement(App)));
