/** Near-duplicates side by side: which to keep, which to throw out. */

import { byId, counted, el, say } from "./dom.js";
import { setState } from "./state.js";

const STEP = 100;

export class Pairs {
  constructor(data, marks) {
    Object.assign(this, { data, marks, pairs: null, shown: STEP });
    this.root = byId("pairs");
  }

  async show() {
    try {
      this.pairs ??= (await this.data.duplicates()).pairs;
    } catch (error) {
      say(error.message);
      this.pairs = [];
    }
    this.draw();
  }

  draw() {
    if (!this.pairs) return;
    const focused = document.activeElement?.id ?? "";
    const more = this.pairs.length > this.shown;
    this.root.replaceChildren(
      el("h2", {}, `${counted(this.pairs.length)} pairs of near-duplicates`),
      el("p", {}, "Throw out one of each pair; the list of the thrown out is saved by “Save …”."),
      el("ol", {}, ...this.pairs.slice(0, this.shown).map((pair, at) => this.pair(pair, at))),
      ...(more ? [el("button", { type: "button", onclick: () => { this.shown += STEP; this.draw(); } }, "More")] : []),
      el("button", { type: "button", onclick: () => setState({ view: "" }) }, "Back to the grid"),
    );
    if (focused.startsWith("pair-")) byId(focused)?.focus();
  }

  pair({ left, right, distance, method, keep }, at) {
    const words = [method, distance === null || distance === undefined ? "" : `distance ${distance}`];
    return el("li", { className: "pair" },
      this.one(left, right, keep, `pair-${at}-left`),
      this.one(right, left, keep, `pair-${at}-right`),
      el("p", {}, words.filter(Boolean).join(", "), " ", el("button", {
        type: "button", id: `pair-${at}-both`, onclick: () => setState({ open: right.isic_id, beside: left.isic_id }),
      }, "Compare")));
  }

  one(item, other, keep, id) {
    const out = this.marks.excluded.has(item.isic_id);
    const drop = async () => {
      if (!out && this.marks.excluded.has(other.isic_id)) await this.marks.toggle([other], "excluded");
      await this.marks.toggle([item], "excluded");
    };
    return el("figure", { className: out ? "excluded" : "" },
      el("img", { src: item.thumb, alt: item.isic_id }),
      el("figcaption", {}, item.isic_id, keep === item.isic_id ? " (proposed to keep)" : ""),
      el("button", { type: "button", id, "aria-pressed": String(out), onclick: drop }, out ? "Thrown out" : "Throw out"));
  }
}
