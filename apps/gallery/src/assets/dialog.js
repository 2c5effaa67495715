/**
 * Opens dialogs as modal ones. Without this script the links lead to them as parts of the page, which the style sheet
 * shows when they are the target.
 */
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("[data-opens], [data-closes]") : null;
  const dialog = link?.closest("dialog") ?? document.getElementById(link?.getAttribute("data-opens") ?? "");
  if (!(dialog instanceof HTMLDialogElement)) return;
  event.preventDefault();
  if (link?.hasAttribute("data-closes")) dialog.close();
  else dialog.showModal();
});

// What the component's action dispatches.
document.addEventListener("live:invited", ({ target }) => {
  const dialog = target instanceof Element ? target.querySelector("dialog:modal") : null;
  if (dialog instanceof HTMLDialogElement) dialog.close();
});
