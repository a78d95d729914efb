/** A picture large: with what is known of it, what is drawn on it, and another beside it. */

import { byId, el, say } from "./dom.js";
import { setState, state } from "./state.js";
import { Camera, Stage } from "./stage.js";
import { SuperpixelMap } from "./superpixels.js";
import { termOf } from "./terms.js";

const STRIP = 60;

/** Return the fields of a record, flat, whether it is the archive's JSON or a row. */
function fieldsOf(record) {
  const { metadata, files, isic_id, attribution, copyright_license, ...rest } = record;
  const all = { ...rest, ...metadata?.acquisition, ...metadata?.clinical };
  const shown = ([name, value]) => name !== "public" && name !== "caption" && value !== null && value !== "" && typeof value !== "object";
  return Object.entries(all).filter(shown).sort();
}

export class Viewer {
  /** `does`: `step(by)`, `marks`, `search(query)`. */
  constructor(data, does) {
    Object.assign(this, { data, does, stages: [], shown: "", version: 0, on: new Set(), camera: new Camera() });
    this.root = byId("viewer");
    this.root.addEventListener("keydown", (event) => this.press(event));
  }

  get isOpen() {
    return !this.root.hidden;
  }

  /** Follow the address: open, change or close. */
  async follow() {
    const wanted = state.open;
    const key = `${wanted} ${state.beside}`;
    if (key === this.shown) return;
    if (!wanted) {
      this.close();
      return;
    }
    const version = (this.version += 1);
    const ids = state.beside && state.beside !== wanted ? [state.beside, wanted] : [wanted];
    let details;
    try {
      details = await Promise.all(ids.map((id) => this.data.image(id)));
    } catch (error) {
      say(error.message);
      setState({ open: "", beside: "" }, { replace: true });
      return;
    }
    if (version !== this.version) return;
    if (!this.isOpen) this.back = document.activeElement;
    this.shown = key;
    this.draw(ids, details);
  }

  close() {
    if (!this.isOpen) return;
    this.shown = "";
    this.version += 1;
    this.root.hidden = true;
    document.body.classList.remove("viewing");
    this.clear();
    this.does.closed(this.back);
  }

  clear() {
    this.stages.forEach((stage) => stage.remove());
    this.stages = [];
    this.map = null;
    this.root.replaceChildren();
  }

  draw(ids, details) {
    const focused = this.root.contains(document.activeElement) ? document.activeElement.id : "";
    this.clear();
    this.camera = new Camera();
    this.root.hidden = false;
    document.body.classList.add("viewing");
    const last = ids.length - 1;
    this.detail = details[last];
    this.id = ids[last];
    const panes = ids.map((id, at) => this.pane(id, details[at], at === last));
    const tip = el("p", { className: "tip", id: "tip", "aria-live": "off" });
    this.root.append(this.bar(), el("div", { className: "panes" }, ...panes, tip), this.side(details));
    this.root.setAttribute("aria-label", `Picture ${ids.join(" beside ")}`);
    (byId(focused) ?? byId("viewer-close")).focus();
    this.root.scrollTop = 0;
    this.camera.show();
    this.restoreOverlays();
  }

  pane(id, detail, main) {
    const stage = new Stage(this.camera, (point) => main && this.hover(point));
    const about = [id, ...["diagnosis_3", "diagnosis_1"].map((name) => fieldsOf(detail.record).find(([one]) => one === name)?.[1])];
    stage.show(detail.file ?? detail.thumb, about.filter(Boolean).slice(0, 2).join(", "));
    stage.picture.addEventListener("error", () => say(`The picture of ${id} cannot be shown`), { once: true });
    this.stages.push(stage);
    return el("figure", {}, stage.root, el("figcaption", {}, el("b", {}, id), ` ${detail.credit}`));
  }

  bar() {
    const button = (id, words, title, work, pressed) => el("button", {
      type: "button", id: `viewer-${id}`, title, onclick: work, "aria-pressed": pressed,
    }, words);
    const { marks } = this.does;
    const item = { isic_id: this.id };
    const mark = (kind) => async () => { await marks.toggle([item], kind); this.showMarks(); };
    const bar = el("div", { className: "tools", role: "toolbar", "aria-label": "Picture" },
      button("previous", "←", "Previous (left)", () => this.does.step(-1)),
      button("next", "→", "Next (right)", () => this.does.step(1)),
      button("selected", "✓ Mark", "Mark (space)", mark("selected"), "false"),
      button("excluded", "✕ Throw out", "Throw out (x)", mark("excluded"), "false"),
      button("in", "+", "Zoom in (+)", () => this.camera.scale(1.5)),
      button("out", "−", "Zoom out (-)", () => this.camera.scale(1 / 1.5)),
      button("fit", "Fit", "Whole picture (0)", () => this.camera.reset()),
      button("beside", "Compare", "Hold this one and compare (c)", () => this.hold(), String(Boolean(state.beside))),
      button("close", "Close", "Back to the grid (Escape)", () => setState({ open: "", beside: "" })));
    queueMicrotask(() => this.showMarks());
    return bar;
  }

  showMarks() {
    for (const kind of ["selected", "excluded"]) {
      byId(`viewer-${kind}`)?.setAttribute("aria-pressed", String(this.does.marks[kind].has(this.id)));
    }
  }

  /** Keep this picture in sight while others are shown beside it, or let it go. */
  hold() {
    const held = Boolean(state.beside);
    setState({ beside: held ? "" : this.id });
    say(held ? "One picture is shown" : `${this.id} stays; go to another with the arrows or the strips`);
    byId("viewer-beside")?.setAttribute("aria-pressed", String(!held));
  }

  side(details) {
    const { detail } = this;
    const rows = fieldsOf(detail.record);
    const other = details.length > 1 ? new Map(fieldsOf(details[0].record)) : null;
    const names = other ? [...new Set([...rows.map(([name]) => name), ...other.keys()])].sort() : rows.map(([name]) => name);
    const own = new Map(rows);
    const facts = names.flatMap((name) => {
      const values = [...(other ? [other.get(name)] : []), own.get(name)].map((value) => String(value ?? "–"));
      const differs = other && values[0] !== values[1];
      return [el("dt", {}, name), el("dd", { className: differs ? "differs" : "" }, values.join(" | "))];
    });
    const about = ["label", "split"].filter((name) => detail[name]).flatMap((name) => [el("dt", {}, name), el("dd", {}, String(detail[name]))]);
    return el("div", { className: "side" },
      el("h2", {}, this.id),
      this.toggles(),
      el("dl", {}, ...about, ...facts),
      el("div", { id: "strips" }, ...this.strips(own)),
      this.notes(),
      detail.file ? el("p", {}, el("a", { href: detail.file, download: "" }, "The picture's file")) : null);
  }

  // What is drawn over the picture

  layers() {
    const { detail, id } = this;
    const found = [];
    if (detail.superpixels) found.push(["superpixels", "Superpixels", this.data.overlay(id, "superpixels", "")]);
    // A page over files has them drawn beside it.
    for (const [name, source] of Object.entries(detail.layers ?? {})) found.push([name, name, source]);
    for (const { name } of detail.masks ?? []) {
      const words = name.replace(`${id}_`, "").replace(/\.\w+$/, "").replaceAll("_", " ");
      found.push([`mask ${words}`, `Mask: ${words}`, this.data.overlay(id, "mask", name)]);
    }
    for (const study of detail.study ?? []) {
      // A study without features asked questions: nothing of it can be drawn.
      for (const feature of study.features.length ? ["", ...study.features] : []) {
        const name = feature ? `${study.id}:${feature}` : String(study.id);
        const words = `${study.name}: ${feature || "all that was marked"}`;
        found.push([`heatmap ${name}`, words, this.data.overlay(id, "heatmap", name)]);
      }
    }
    return found;
  }

  toggles() {
    const layers = this.layers();
    if (!layers.length) return null;
    return el("fieldset", { className: "toggles" }, el("legend", {}, "Draw over it"),
      ...layers.map(([key, words, source], at) => el("label", {}, el("input", {
        type: "checkbox", id: `layer-${at}`, checked: this.on.has(key),
        onchange: (event) => this.drawOver(key, source, event.target.checked),
      }), words)));
  }

  restoreOverlays() {
    for (const [key, , source] of this.layers()) if (this.on.has(key)) this.drawOver(key, source, true);
  }

  async drawOver(key, source, on) {
    this.on[on ? "add" : "delete"](key);
    const { id } = this;
    try {
      await this.stages.at(-1)?.overlay(key, on ? source : "");
      if (key !== "superpixels") return;
      this.map = null;
      const map = on ? await SuperpixelMap.open(this.detail.superpixels) : null;
      if (id === this.id) this.map = map;
    } catch (error) {
      if (id === this.id && this.isOpen) say(`${key} cannot be drawn: ${error.message}`);
    }
  }

  hover(point) {
    const tip = byId("tip");
    if (!tip) return;
    if (!this.map || !point) {
      tip.textContent = "";
      return;
    }
    const label = this.map.label(point);
    const names = (this.detail.features ?? []).filter(({ labels }) => labels.includes(label)).map(({ name }) => name);
    tip.textContent = `superpixel ${label}${names.length ? `: ${names.join(", ")}` : ""}`;
  }

  // Other pictures of the lesion and the patient

  strips(fields) {
    return ["lesion_id", "patient_id"].filter((name) => fields.get(name)).map((name) => {
      const what = name.replace("_id", "");
      const query = termOf(name, fields.get(name));
      const list = el("ul", { className: "strip" });
      const title = el("h3", {}, `Of this ${what} `);
      this.data.list({ query, offset: 0, limit: STRIP }).then(({ total, items }) => {
        title.append(el("button", {
          type: "button", onclick: () => this.does.search(query),
        }, `${total} ${total === 1 ? "image" : "images"}`));
        list.append(...items.map((item) => el("li", {}, el("button", {
          type: "button", "aria-label": item.isic_id, title: item.isic_id,
          "aria-current": item.isic_id === this.id ? "true" : null,
          onclick: () => setState({ open: item.isic_id }),
        }, el("img", { src: item.thumb, alt: "" })))));
      }).catch((error) => say(error.message));
      return el("section", { "aria-label": `Images of this ${what}` }, title, list);
    });
  }

  notes() {
    const isReadOnly = this.data.info.read_only;
    if (!this.data.note || (isReadOnly && !this.detail.notes.length)) return null;
    const { id } = this;
    const line = ({ when, who, note }) => el("li", {}, el("small", {}, `${when} ${who}`), el("br"), note);
    const list = el("ul", { className: "notes" }, ...this.detail.notes.map(line));
    const text = el("textarea", { rows: "2", maxlength: "2000", "aria-label": "A new note" });
    const form = el("form", { onsubmit: async (event) => {
      event.preventDefault();
      if (!text.value.trim()) return;
      try {
        const kept = await this.data.note(id, text.value.trim());
        list.append(line({ when: kept.when ?? "", who: kept.who ?? "", note: text.value.trim() }));
        text.value = "";
        say("The note was kept in notes.csv");
      } catch (error) {
        say(`The note was not kept: ${error.message}`);
      }
    } }, text, el("button", { type: "submit" }, "Add the note"));
    return el("section", { "aria-label": "Notes" }, el("h3", {}, "Notes"), list, isReadOnly ? null : form);
  }

  // Keys

  press(event) {
    const writes = /^(TEXTAREA|SELECT)$/.test(event.target.tagName) || (event.target.tagName === "INPUT" && event.target.type !== "checkbox");
    if (event.key === "Tab") return this.cycle(event);
    if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
    if (event.key === "Escape") {
      event.preventDefault();
      if (writes) byId("viewer-close").focus();
      else setState({ open: "", beside: "" });
      return undefined;
    }
    if (writes) return undefined;
    const step = 0.15 / this.camera.zoom;
    const pans = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const onButton = event.target.tagName === "BUTTON" || event.target.tagName === "INPUT";
    if (event.shiftKey && pans[event.key]) this.camera.pan(...pans[event.key]);
    else if (event.key === "ArrowLeft") this.does.step(-1);
    else if (event.key === "ArrowRight") this.does.step(1);
    else if (event.key === "+" || event.key === "=") this.camera.scale(1.5);
    else if (event.key === "-") this.camera.scale(1 / 1.5);
    else if (event.key === "0") this.camera.reset();
    else if (event.key === "c") this.hold();
    else if (event.key === "x") byId("viewer-excluded").click();
    else if (event.key === "s" && byId("layer-0")) byId("layer-0").click();
    else if (event.key === " " && !(onButton && event.target.id !== "viewer-close")) byId("viewer-selected").click();
    else return undefined;
    event.preventDefault();
    event.stopPropagation();
    return undefined;
  }

  /** Keep the focus inside while the picture covers the page. */
  cycle(event) {
    const all = [...this.root.querySelectorAll("button, input, textarea, a[href]")].filter((one) => !one.disabled);
    const [first, last] = [all[0], all.at(-1)];
    if (event.shiftKey ? document.activeElement === first : document.activeElement === last) {
      event.preventDefault();
      (event.shiftKey ? last : first).focus();
    }
  }
}
