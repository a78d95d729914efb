/** The one place that makes elements. What data says becomes text, never markup. */

/**
 * Make an element.
 * @param {string} name
 * @param {object} properties `onclick` and the like listen; the rest are properties or attributes.
 * @param {...(Node|string)} children null and undefined are left out.
 */
export function el(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "className" || key === "value" || key === "checked") node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export const byId = (id) => document.getElementById(id);

/** Say a line to everybody: it is shown at the foot of the page and read by screen readers. */
export function say(text) {
  byId("said").textContent = text;
}

export const counted = (number) => Number(number).toLocaleString("en");

/** Call at most once in a while, with the arguments of the last call. */
export function later(milliseconds, work) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), milliseconds);
  };
}

/** Put a text on the clipboard; false where the browser refuses. */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Give a dialog its contents and show it; it closes by its button, Escape, or `close()`. */
export function showDialog(dialog, ...children) {
  const back = document.activeElement;
  dialog.replaceChildren(...children.filter(Boolean));
  dialog.addEventListener("close", () => back?.focus?.(), { once: true });
  dialog.showModal();
}
