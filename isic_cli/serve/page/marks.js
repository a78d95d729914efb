/** What a person marked and threw out, and how it leaves the page again. */

import { byId, copied, counted, el, say, showDialog } from "./dom.js";
import { state } from "./state.js";

const KINDS = [
  ["selection", "A list of images", "selection.txt"],
  ["exclusion", "A list of the thrown out, for --exclude", "excluded.txt"],
  ["collection", "A collection of this folder", "My collection"],
];

export class Marks {
  constructor(data, changed) {
    Object.assign(this, { data, changed, selected: new Set(), excluded: new Set(), total: 0 });
  }

  async load() {
    const { selected = [], excluded = [] } = await this.data.marks();
    this.selected = new Set(selected);
    this.excluded = new Set(excluded);
    this.changed();
  }

  /** Mark items or take marks away; with `on`, all of them get the mark. */
  async toggle(items, kind, on = false) {
    const set = this[kind];
    const other = kind === "selected" ? this.excluded : this.selected;
    const add = on || items.some(({ isic_id }) => !set.has(isic_id));
    for (const { isic_id } of items) {
      set[add ? "add" : "delete"](isic_id);
      if (add) other.delete(isic_id);
    }
    const words = kind === "selected" ? ["marked", "unmarked"] : ["thrown out", "taken back"];
    const what = items.length === 1 ? items[0].isic_id : `${counted(items.length)} images`;
    say(`${what} ${words[add ? 0 : 1]}`);
    this.changed();
    await this.keep();
  }

  clear() {
    this.selected.clear();
    this.excluded.clear();
    say("No image is marked or thrown out");
    this.changed();
    return this.keep();
  }

  async keep() {
    if (this.data.info.read_only) return;
    try {
      await this.data.keepMarks({ selected: [...this.selected], excluded: [...this.excluded] });
    } catch (error) {
      say(`The marks were not kept: ${error.message}`);
    }
  }

  async showCommand() {
    const found = await this.data.command(state.q, [...this.excluded]).catch((error) => ({ error }));
    const done = !found.error && (await copied(found.command));
    say(found.error ? found.error.message : done ? "The command was copied" : "The command is shown");
    showDialog(
      byId("command-dialog"),
      el("h2", { id: "command-title" }, "In the shell"),
      ...(found.error
        ? [el("p", { className: "error" }, found.error.message), el("p", {}, "“Save …” writes a list, and gives its command.")]
        : [el("p", {}, "This downloads what is seen here, without what was thrown out:"), commandLine(found.command)]),
      done ? el("p", {}, "It is on the clipboard.") : null,
      closeButton("command-dialog"),
    );
  }

  showSave() {
    const dialog = byId("save-dialog");
    const name = el("input", { type: "text", name: "name", value: KINDS[0][2], maxlength: "200", required: true });
    const kinds = KINDS.filter(([kind]) => kind !== "collection" || this.data.info.collections !== false);
    const pick = ([kind, words, usual], at) => el("label", {},
      el("input", { type: "radio", name: "kind", value: kind, checked: at === 0, onchange: () => (name.value = usual) }), words);
    const marked = this.selected.size > 0;
    const rest = Math.max(0, this.total);
    const of = el("fieldset", {},
      el("legend", {}, "Of"),
      el("label", {}, el("input", { type: "radio", name: "of", value: "shown", checked: !marked }),
        `what the search found (${counted(rest)}), without what was thrown out`),
      el("label", {}, el("input", { type: "radio", name: "of", value: "marked", checked: marked, disabled: !marked }),
        `what is marked (${counted(this.selected.size)})`));
    const outcome = el("div", { role: "status", className: "outcome" });
    const form = el("form", { onsubmit: (event) => { event.preventDefault(); this.save(new FormData(form), outcome); } },
      el("h2", { id: "save-title" }, "Save"),
      el("fieldset", {}, el("legend", {}, "As"), ...kinds.map(pick)), of,
      el("label", {}, "Name ", name),
      el("div", { className: "buttons" }, el("button", { type: "submit" }, "Save"), closeButton("save-dialog")),
      outcome);
    showDialog(dialog, form);
  }

  async save(form, outcome) {
    const excluded = [...this.excluded];
    const kind = form.get("kind");
    const marked = form.get("of") === "marked";
    let of = marked ? { ids: [...this.selected] } : { query: state.q };
    if (kind === "exclusion") of = { ids: excluded };
    try {
      const done = await this.data.save({
        kind, name: form.get("name"), ...of, excluded: kind === "exclusion" ? [] : excluded,
      });
      const where = done.path ?? `collection ${done.collection?.id ?? done.collection ?? ""}`;
      outcome.replaceChildren(
        el("p", {}, `Saved: ${where}`),
        ...(done.command ? [el("p", {}, "To download exactly these:"), commandLine(done.command)] : []),
      );
      say(`Saved: ${where}`);
    } catch (error) {
      outcome.replaceChildren(el("p", { className: "error" }, error.message));
    }
  }
}

function commandLine(command) {
  const button = el("button", { type: "button", onclick: async () => {
    button.textContent = (await copied(command)) ? "Copied" : "Select it and copy";
  } }, "Copy");
  return el("div", { className: "command" }, el("code", {}, command), button);
}

export function closeButton(id) {
  return el("button", { type: "button", className: "close", onclick: () => byId(id).close() }, "Close");
}
