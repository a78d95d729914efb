/** A grid of pictures of which only the rows in sight exist: smooth at a hundred thousand. */

import { el } from "./dom.js";

const PAGE = 120; // images asked for at a time
const KEPT = 40; // pages kept
const GAP = 8;
const LINE = 22; // pixels of a line below a picture
const AROUND = 3; // rows made beyond the edge

export class Grid {
  /**
   * @param {HTMLElement} root scrolls.
   * @param {number} lines below a picture: its name, and whom to credit.
   * @param {object} does `open(item)`, `mark(item, kind, range)`, `describe(item)`, `failed(error)`.
   */
  constructor(root, lines, does) {
    Object.assign(this, { root, does, caption: lines * LINE, size: 160, total: 0, current: 0, anchor: 0 });
    this.sheet = el("div", { className: "sheet", role: "presentation" });
    root.append(this.sheet);
    this.rows = new Map();
    this.forget();
    root.addEventListener("scroll", () => this.render(), { passive: true });
    root.addEventListener("keydown", (event) => this.press(event));
    // Where the current cell was scrolled away, the grid itself is what Tab finds.
    root.addEventListener("focus", () => {
      const first = Math.ceil(root.scrollTop / this.step) * this.columns;
      if (this.total) this.moveTo(first);
    });
    new ResizeObserver(() => {
      // Its height changes with lines that come and go around it; the cells stay as they are.
      if (this.width === root.clientWidth) this.render();
      else this.layout();
    }).observe(root);
  }

  forget() {
    this.pages = new Map();
    this.version = (this.version ?? 0) + 1;
    for (const row of this.rows.values()) row.remove();
    this.rows.clear();
  }

  /** Show another list; `load(offset, limit)` promises `{total, items}`. */
  async show(load) {
    const version = (this.version += 1);
    const first = await load(0, PAGE);
    if (version !== this.version) return false;
    this.forget();
    this.load = load;
    this.total = first.total;
    this.pages.set(0, first.items);
    this.current = 0;
    this.root.scrollTop = 0;
    this.root.setAttribute("aria-rowcount", "0");
    this.layout();
    return true;
  }

  resize(size) {
    this.size = size;
    this.layout();
  }

  layout() {
    const width = this.root.clientWidth - 2 * GAP;
    if (width <= 0) return;
    this.width = this.root.clientWidth;
    const focused = this.root.contains(document.activeElement);
    const top = Math.floor(this.root.scrollTop / (this.step || 1)) * (this.columns || 1);
    this.columns = Math.max(2, Math.floor((width + GAP) / (this.size + GAP)));
    this.side = Math.floor((width - GAP * (this.columns - 1)) / this.columns);
    this.step = this.side + this.caption + GAP;
    const rows = Math.ceil(this.total / this.columns);
    this.sheet.style.height = `${rows * this.step + GAP}px`;
    this.root.style.setProperty("--side", `${this.side}px`);
    this.root.style.setProperty("--caption", `${this.caption}px`);
    this.root.setAttribute("aria-rowcount", String(rows));
    this.root.setAttribute("aria-colcount", String(this.columns));
    for (const row of this.rows.values()) row.remove();
    this.rows.clear();
    this.root.scrollTop = Math.floor(top / this.columns) * this.step;
    this.render();
    if (focused) this.moveTo(this.current);
  }

  render() {
    if (!this.step) return;
    const last = Math.ceil(this.total / this.columns) - 1;
    const begin = Math.max(0, Math.floor(this.root.scrollTop / this.step) - AROUND);
    const end = Math.min(last, Math.ceil((this.root.scrollTop + this.root.clientHeight) / this.step) + AROUND);
    for (const [number, row] of this.rows) {
      const away = number < begin || number > end;
      if (away && !row.contains(document.activeElement)) {
        row.remove();
        this.rows.delete(number);
      }
    }
    for (let number = begin; number <= end; number += 1) if (!this.rows.has(number)) this.addRow(number);
    this.root.tabIndex = document.getElementById(`cell-${this.current}`) ? -1 : 0;
    this.want(begin * this.columns, Math.min(this.total, (end + 1) * this.columns));
  }

  addRow(number) {
    const row = el("div", { className: "row", role: "row", "aria-rowindex": String(number + 1) });
    row.style.transform = `translateY(${number * this.step + GAP}px)`;
    const start = number * this.columns;
    const stop = Math.min(this.total, start + this.columns);
    for (let index = start; index < stop; index += 1) row.append(this.cell(index));
    const after = [...this.rows.keys()].filter((other) => other > number).sort((a, b) => a - b)[0];
    this.sheet.insertBefore(row, after === undefined ? null : this.rows.get(after));
    this.rows.set(number, row);
  }

  cell(index) {
    const cell = el("div", {
      className: "cell",
      role: "gridcell",
      id: `cell-${index}`,
      tabindex: index === this.current ? "0" : "-1",
      "aria-colindex": String((index % this.columns) + 1),
      onclick: (event) => this.click(event, index),
      onfocus: () => this.moveTo(index, { focus: false }),
    });
    const item = this.item(index);
    if (item) this.fill(cell, item);
    return cell;
  }

  fill(cell, item) {
    const { text, selected, excluded } = this.does.describe(item);
    cell.className = `cell${selected ? " selected" : ""}${excluded ? " excluded" : ""}`;
    cell.setAttribute("aria-selected", String(Boolean(selected)));
    const state = `${selected ? ", marked" : ""}${excluded ? ", thrown out" : ""}`;
    cell.setAttribute("aria-label", `${item.isic_id}${text ? `, ${text}` : ""}${state}`);
    if (cell.firstChild) return;
    const picture = el("img", { src: item.thumb, alt: "", draggable: "false", decoding: "async" });
    picture.addEventListener("error", () => cell.classList.add("missing"), { once: true });
    const parts = [
      picture,
      el("span", { className: "caption", "aria-hidden": "true" }, item.isic_id, text ? el("i", {}, ` ${text}`) : null),
      this.caption > LINE ? el("span", { className: "caption", title: item.credit }, el("i", {}, item.credit ?? "")) : null,
      el("button", { type: "button", className: "pick", tabindex: "-1", title: "Mark (space)", "aria-label": `Mark ${item.isic_id}` }, "✓"),
      el("button", { type: "button", className: "drop", tabindex: "-1", title: "Throw out (x)", "aria-label": `Throw out ${item.isic_id}` }, "✕"),
    ];
    cell.append(...parts.filter(Boolean));
  }

  item(index) {
    return this.pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** Show marks that changed. */
  refresh() {
    for (const row of this.rows.values()) {
      for (const cell of row.children) {
        const item = this.item(Number(cell.id.slice(5)));
        if (item) this.fill(cell, item);
      }
    }
  }

  /** Ask for the pages that hold a range and are not there. */
  want(start, stop) {
    for (let page = Math.floor(start / PAGE); page * PAGE < stop; page += 1) {
      if (!this.pages.has(page)) this.fetch(page);
    }
  }

  async fetch(page) {
    this.pages.set(page, null); // asked for
    const { version } = this;
    // A scroll bar that is dragged passes many pages: only those still in sight are asked for.
    await new Promise((resolve) => setTimeout(resolve, 60));
    if (version !== this.version) return;
    const inSight = [...this.rows.keys()].some((row) => {
      const start = row * this.columns;
      return start < (page + 1) * PAGE && start + this.columns > page * PAGE;
    });
    if (!inSight) {
      this.pages.delete(page);
      return;
    }
    try {
      const { items } = await this.load(page * PAGE, PAGE);
      if (version !== this.version) return;
      this.pages.set(page, items);
      const old = [...this.pages.keys()].filter((key) => this.pages.get(key) && key !== page);
      if (old.length > KEPT) this.pages.delete(old.sort((a, b) => Math.abs(b - page) - Math.abs(a - page))[0]);
      this.refresh();
    } catch (error) {
      this.pages.delete(page);
      if (version === this.version) this.does.failed(error);
    }
  }

  /** Promise the item at an index, which may have to be asked for. */
  async itemAt(index) {
    if (index < 0 || index >= this.total) return undefined;
    if (!this.item(index)) {
      const page = Math.floor(index / PAGE);
      const { items } = await this.load(page * PAGE, PAGE);
      this.pages.set(page, items);
    }
    return this.item(index);
  }

  /** Return the index of an image among the pages that are there; -1 where it is not. */
  indexOf(isicId) {
    for (const [page, items] of this.pages) {
      const at = items?.findIndex((item) => item.isic_id === isicId) ?? -1;
      if (at >= 0) return page * PAGE + at;
    }
    return -1;
  }

  moveTo(index, { focus = true } = {}) {
    const next = Math.max(0, Math.min(this.total - 1, index));
    document.getElementById(`cell-${this.current}`)?.setAttribute("tabindex", "-1");
    this.current = next;
    if (focus) {
      const top = Math.floor(next / this.columns) * this.step;
      if (top < this.root.scrollTop) this.root.scrollTop = top;
      const bottom = top + this.step + GAP - this.root.clientHeight;
      if (bottom > this.root.scrollTop) this.root.scrollTop = bottom;
      this.render();
    }
    const cell = document.getElementById(`cell-${next}`);
    cell?.setAttribute("tabindex", "0");
    if (focus) cell?.focus({ preventScroll: true });
  }

  click(event, index) {
    const item = this.item(index);
    if (!item) return;
    this.moveTo(index);
    const kind = event.target.className === "pick" ? "selected" : event.target.className === "drop" ? "excluded" : "";
    if (!kind && !event.shiftKey) this.does.open(item);
    else this.mark(index, kind || "selected", event.shiftKey);
  }

  async mark(index, kind, range = false) {
    const [low, high] = range ? [this.anchor, index].sort((a, b) => a - b) : [index, index];
    this.anchor = index;
    try {
      const items = await this.between(low, high);
      if (items.length) this.does.mark(items, kind, range);
    } catch (error) {
      this.does.failed(error);
    }
  }

  /** Promise the items from one index to another, those that were never in sight too. */
  async between(low, high) {
    const known = [];
    for (let at = low; at <= high && this.item(at); at += 1) known.push(this.item(at));
    const asked = [];
    for (let at = low + known.length; at <= high; at += PAGE) {
      asked.push(...(await this.load(at, Math.min(PAGE, high + 1 - at))).items);
    }
    return [...known, ...asked];
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.total) return;
    const page = Math.max(1, Math.floor(this.root.clientHeight / this.step)) * this.columns;
    const moves = {
      ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns,
      PageUp: -page, PageDown: page, Home: -this.current, End: this.total - 1 - this.current,
    };
    const item = this.item(this.current);
    if (event.key in moves) {
      const next = this.current + moves[event.key];
      if (Math.abs(moves[event.key]) !== this.columns || (next >= 0 && next < this.total)) this.moveTo(next);
    } else if (event.key === "Enter" && item) this.does.open(item);
    else if (event.key === " ") this.mark(this.current, "selected", event.shiftKey);
    else if (event.key === "x") this.mark(this.current, "excluded");
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
