// One dialog for everything that must be confirmed. Escape and "Close" end it; the focus returns to where it was.
import { h } from "./dom.js";

export function openDialog(title, content, buttons = []) {
  const dialog = document.getElementById("dialog");
  const close = h("button", { type: "button", onclick: () => dialog.close() }, "Close");
  dialog.replaceChildren(
    h("h2", { id: "dialog-head" }, title),
    h("div", { class: "dialog-body", role: "status", "aria-live": "polite" }, content),
    h("div", { class: "buttons" }, buttons, close));
  if (!dialog.open) dialog.showModal();
  return dialog;
}

// A button that shows a running request, and an error where it fails.
export function requestButton(text, run, attributes = {}) {
  const button = h("button", { type: "button", ...attributes }, text);
  button.addEventListener("click", async () => {
    button.disabled = true;
    button.textContent = `${text} ...`;
    try {
      await run();
    } catch (error) {
      openDialog("That did not work", h("p", {}, error.message));
    } finally {
      button.disabled = false;
      button.textContent = text;
    }
  });
  return button;
}
