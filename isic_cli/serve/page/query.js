/** The box of the query: completion while typing, and a mistake marked where it is. */

import { byId, el, later } from "./dom.js";

export class QueryBox {
  /** `search(query)` is called with a query that is right. */
  constructor(data, search) {
    Object.assign(this, { data, search, options: [], at: -1, version: 0 });
    this.input = byId("query");
    this.list = byId("options");
    this.mistake = byId("mistake");
    const offer = later(80, () => this.typing && this.offer());
    this.input.addEventListener("input", () => {
      this.typing = true;
      this.mistake.replaceChildren();
      this.input.removeAttribute("aria-invalid");
      offer();
    });
    this.input.addEventListener("keydown", (event) => this.press(event));
    this.input.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    byId("search").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit(this.input.value);
    });
    byId("clear").addEventListener("click", () => this.submit(""));
  }

  /** Show a query that is right, with what the archive reads otherwise than it looks. */
  show(query, warnings = []) {
    if (this.input.value.trim() !== query) this.input.value = query;
    this.mistake.replaceChildren(...warnings.map((text) => el("p", { className: "hint" }, text)));
    this.input.removeAttribute("aria-invalid");
  }

  async submit(text) {
    this.close();
    const query = text.trim();
    const answer = await this.data.check(query);
    if (answer.ok) {
      this.show(query, answer.warnings);
      this.search(query);
    } else this.showMistake(query, answer);
  }

  /** Show the query with what is wrong marked, as the shell shows it, and the hint. */
  showMistake(query, { error, detail, hint, start = 0, end }) {
    const last = Math.max(start + 1, end ?? start + 1);
    const marked = el("code", {}, query.slice(0, start), el("mark", {}, query.slice(start, last) || " "), query.slice(last));
    const words = `${error ?? detail ?? "This query is not understood"} (column ${start + 1}).`;
    this.mistake.replaceChildren(
      el("p", {}, marked),
      el("p", {}, words, hint ? el("span", { className: "hint" }, ` Hint: ${hint}`) : null),
    );
    this.input.setAttribute("aria-invalid", "true");
    this.input.focus();
    this.input.setSelectionRange(start, Math.min(last, query.length));
  }

  async offer() {
    const version = (this.version += 1);
    const { value, selectionStart } = this.input;
    const answer = await this.data.complete(value, selectionStart).catch(() => ({ options: [] }));
    if (version !== this.version || document.activeElement !== this.input) return;
    this.offered = value;
    this.span = [answer.start, answer.end];
    this.options = answer.options.slice(0, 50);
    this.at = -1;
    this.list.replaceChildren(
      ...this.options.map((text, index) => el("li", {
        role: "option", id: `option-${index}`, "aria-selected": "false",
        onmousedown: (event) => { event.preventDefault(); this.take(index); },
      }, text)),
    );
    const some = this.options.length > 0 && value.slice(...this.span) !== this.options[0];
    this.list.hidden = !some;
    this.input.setAttribute("aria-expanded", String(some));
  }

  close() {
    this.typing = false;
    this.version += 1;
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  move(by) {
    const count = this.options.length;
    this.at = (this.at + by + count) % count;
    [...this.list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === this.at)));
    this.input.setAttribute("aria-activedescendant", `option-${this.at}`);
    this.list.children[this.at].scrollIntoView({ block: "nearest" });
  }

  take(index) {
    const text = this.options[index];
    const [start, end] = this.span;
    const space = text.endsWith(":") ? "" : " ";
    this.input.value = `${this.input.value.slice(0, start)}${text}${space}${this.input.value.slice(end)}`;
    const at = start + text.length + space.length;
    this.input.setSelectionRange(at, at);
    this.close();
    if (!space) this.offer();
  }

  press(event) {
    const open = !this.list.hidden && this.offered === this.input.value;
    if (event.key === "ArrowDown" && !open) this.offer();
    else if (event.key === "ArrowDown") this.move(1);
    else if (event.key === "ArrowUp" && open) this.move(this.at < 0 ? 0 : -1);
    else if ((event.key === "Enter" || event.key === "Tab") && open && this.at >= 0) this.take(this.at);
    else if (event.key === "Escape" && open) this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
