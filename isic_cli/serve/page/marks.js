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
    this.pending = new Map(); // what is not kept yet: an id, and what it became
    this.turn = Promise.resolve();
  }

  /** Read what is kept, by other pages too; what is not kept yet stays. */
  load() {
    return this.inTurn(async () => {
      const { selected = [], excluded = [] } = await this.data.marks();
      this.selected = new Set(selected);
      this.excluded = new Set(excluded);
      this.place(this.pending);
      this.changed();
    });
  }

  /** Ask one thing after the other: an answer that comes late must not undo a later one. */
  inTurn(work) {
    const done = this.turn.then(work);
    this.turn = done.catch(() => {});
    return done;
  }

  place(changes) {
    for (const [id, kind] of changes) {
      for (const name of ["selected", "excluded"]) this[name][kind === name ? "add" : "delete"](id);
    }
  }

  change(changes) {
    this.place(changes);
    for (const [id, kind] of changes) this.pending.set(id, kind);
    this.changed();
    return this.keep();
  }

  /** Mark items or take marks away; with `on`, all of them get the mark. */
  async toggle(items, kind, on = false) {
    const set = this[kind];
    const add = on || items.some(({ isic_id }) => !set.has(isic_id));
    const words = kind === "selected" ? ["marked", "unmarked"] : ["thrown out", "taken back"];
    const what = items.length === 1 ? items[0].isic_id : `${counted(items.length)} images`;
    say(`${what} ${words[add ? 0 : 1]}`);
    await this.change(items.map(({ isic_id }) => [isic_id, add ? kind : "cleared"]));
  }

  clear() {
    say("No image is marked or thrown out");
    return this.change([...this.selected, ...this.excluded].map((id) => [id, "cleared"]));
  }

  /** Send what changed, and that alone: another page's marks are not this one's to undo. */
  keep() {
    return this.inTurn(async () => {
      if (this.data.info.read_only || !this.pending.size) return;
      const sent = [...this.pending];
      const of = (kind) => sent.filter(([, one]) => one === kind).map(([id]) => id);
      try {
        await this.data.keepMarks({ selected: of("selected"), excluded: of("excluded"), cleared: of("cleared") });
        for (const [id, kind] of sent) if (this.pending.get(id) === kind) this.pending.delete(id);
      } catch (error) {
        say(`The marks were not kept: ${error.message}`);
      }
    });
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

  async save(form, outcome, replace = false) {
    const excluded = [...this.excluded];
    const kind = form.get("kind");
    const marked = form.get("of") === "marked";
    let of = marked ? { ids: [...this.selected] } : { query: state.q };
    if (kind === "exclusion") of = { ids: excluded, query: state.q };
    try {
      const done = await this.data.save({
        kind, name: form.get("name"), ...of, excluded: kind === "exclusion" ? [] : excluded, replace,
      });
      if (done.asked) {
        const yes = el("button", { type: "button", onclick: () => this.save(form, outcome, true) }, "Replace it");
        outcome.replaceChildren(el("p", { className: "error" }, done.asked), yes);
        return;
      }
      const where = done.path ?? `collection ${done.collection?.id ?? done.collection ?? ""}`;
      outcome.replaceChildren(
        el("p", {}, `Saved: ${where}`),
        ...(done.command ? [el("p", {}, kind === "exclusion" ? "To download what the search found, without these:" : "To download exactly these:"), commandLine(done.command)] : []),
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
