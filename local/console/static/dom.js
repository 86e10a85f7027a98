// Elements without markup: every text becomes a text node, so that nothing in a record or an error is ever interpreted.

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// A link to a documentation page. Any other scheme stays a text: the address is data, too.
export function link(address, text) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return address;
  }
  if (url.protocol !== "https:") return address;
  return h("a", { href: url.href, rel: "noreferrer", target: "_blank" }, text);
}

// A text with its addresses as links.
export function linked(text) {
  return text.split(/(https:\/\/\S+)/).map((part, index) => (index % 2 ? link(part, part.includes("runbook") ? "runbook" : part) : part));
}

const shown = new Map();

// Build a section again if its data changed. The focus and opened details stay where they were.
export function render(id, data, build) {
  const text = JSON.stringify(data);
  if (shown.get(id) === text) return;
  shown.set(id, text);
  const section = document.getElementById(id);
  const focused = section.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  const opened = new Set([...section.querySelectorAll("details[open]")].map((details) => details.dataset.key));
  section.replaceChildren(...[build(data)].flat(Infinity).filter(Boolean));
  for (const details of section.querySelectorAll("details")) {
    if (opened.has(details.dataset.key)) details.open = true;
  }
  if (focused !== undefined) section.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

export function copyable(key, command) {
  const button = h("button", { type: "button", class: "copy", "data-key": `copy-${key}` }, "Copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(command);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  return h("span", { class: "command" }, h("code", {}, command), button);
}
