/** The page: where its parts are put together. */

import { byId, counted, el, later, say, showDialog } from "./dom.js";
import { Facets } from "./facets.js";
import { filesData } from "./files.js";
import { Grid } from "./grid.js";
import { closeButton, Marks } from "./marks.js";
import { Pairs } from "./pairs.js";
import { QueryBox } from "./query.js";
import { serverData } from "./server.js";
import { setState, startState, state, watchState } from "./state.js";
import { Viewer } from "./viewer.js";

const KEYS = [
  ["arrows, Home, End, Page Up, Page Down", "go through the grid"],
  ["Enter", "open the picture; Escape closes it"],
  ["space", "mark; with Shift from the last mark to here"],
  ["x", "throw out, or take back"],
  ["/", "search"],
  ["left, right", "in a picture: the one before, the next"],
  ["+, -, 0", "in a picture: zoom in, out, the whole picture; Shift and arrows move it"],
  ["c", "in a picture: hold it and compare it with another"],
  ["s", "in a picture: superpixels, or the first of what can be drawn over it"],
  ["w", "save what is marked or found"],
  ["y", "copy the command for the shell"],
  ["?", "this help"],
];

const SORTS = ["isic_id", "age_approx", "sex", "diagnosis_1", "diagnosis_3", "anatom_site_1", "lesion_id", "patient_id"];

function showHelp() {
  const rows = KEYS.map(([key, what]) => el("tr", {}, el("th", { scope: "row" }, key), el("td", {}, what)));
  showDialog(
    byId("help-dialog"),
    el("h2", { id: "help-title" }, "Keys"),
    el("table", {}, el("tbody", {}, ...rows)),
    el("p", {}, "Marked and thrown out images are only remembered. Nothing is ever deleted."),
    closeButton("help-dialog"),
  );
}

function showFrame(info) {
  document.title = info.title;
  byId("title").textContent = info.title;
  const names = info.fields.map((field) => field.name);
  const sorts = [...SORTS.filter((name) => names.includes(name)), ...(info.sorts ?? [])];
  byId("sort").append(
    el("option", { value: "" }, "as the folder has them"),
    ...sorts.flatMap((name) => [el("option", { value: name }, name), el("option", { value: `-${name}` }, `${name}, down`)]),
  );
  byId("pairs-button").hidden = !info.has?.duplicates;
  const note = info.note ?? (info.read_only ? "This server is read-only: marks last as long as the page." : "");
  byId("banner").textContent = note;
  byId("banner").hidden = !note;
}

/** Return the side of a picture in pixels: on a very wide screen more, as nobody sits closer. */
const sizeOf = ({ size }) => Number(size) || (innerWidth >= 2400 ? 256 : 160);

function startTheme() {
  let theme = "";
  byId("theme-button").addEventListener("click", () => {
    const dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    theme = dark ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
  });
}

function start(data) {
  const { info } = data;
  startState();
  showFrame(info);
  const search = (q) => setState({ q, open: "", beside: "", view: "" });
  const failed = (error) => say(error.message);

  const marks = new Marks(data, () => {
    grid.refresh();
    pairs.draw();
    viewer.showMarks();
    const parts = [`${counted(marks.selected.size)} marked`, `${counted(marks.excluded.size)} thrown out`];
    byId("marked").replaceChildren(parts.join(", "), " ");
    if (marks.selected.size + marks.excluded.size) {
      byId("marked").append(el("button", { type: "button", onclick: () => marks.clear() }, "Forget"));
    }
  });
  const grid = new Grid(byId("images"), info.credits ? 2 : 1, {
    open: (item) => setState({ open: item.isic_id }),
    mark: (items, kind, range) => marks.toggle(items, kind, range),
    describe: ({ isic_id, label, split, caption }) => ({
      text: [label ?? caption, split].filter(Boolean).join(" · "),
      selected: marks.selected.has(isic_id),
      excluded: marks.excluded.has(isic_id),
    }),
    failed,
  });
  const pairs = new Pairs(data, marks);
  const facets = new Facets(data, (change) => search(change(state.q)));
  const box = new QueryBox(data, search);
  const viewer = new Viewer(data, {
    marks,
    search,
    step: async (by) => {
      const at = grid.indexOf(state.open);
      const item = await grid.itemAt(at < 0 ? grid.current : at + by).catch(failed);
      if (item) setState({ open: item.isic_id }, { replace: true });
      else say(by < 0 ? "This is the first one" : "This is the last one");
    },
    closed: (back) => {
      const at = grid.indexOf(viewer.id);
      if (at >= 0 && !state.view) grid.moveTo(at);
      else back?.focus?.();
    },
  });

  let asked = 0; // a list that was asked for later is the one to show
  async function list() {
    const { q, sort } = state;
    const mine = (asked += 1);
    byId("images").setAttribute("aria-busy", "true");
    try {
      const answer = await data.check(q);
      if (mine !== asked) return;
      if (!answer.ok) {
        box.input.value = q;
        box.showMistake(q, answer);
        return;
      }
      box.show(q, answer.warnings);
      const current = await grid.show((offset, limit) => data.list({ query: q, sort, offset, limit }));
      if (!current) return;
      marks.total = grid.total;
      if (!q) info.count = grid.total; // the folder may have changed
      byId("count").textContent = `${counted(grid.total)} of ${counted(info.count)} images`;
      say(grid.total ? "" : "No image is like that");
      if (!matchMedia("(max-width: 700px)").matches || byId("facets").classList.contains("shown")) await facets.show(q);
    } catch (error) {
      failed(error);
    } finally {
      if (mine === asked) byId("images").removeAttribute("aria-busy");
    }
  }

  function arrange() {
    const showsPairs = state.view === "pairs";
    byId("pairs").hidden = !showsPairs;
    byId("images").hidden = showsPairs;
    byId("pairs-button").setAttribute("aria-pressed", String(showsPairs));
    if (showsPairs) pairs.show();
  }

  watchState((changed) => {
    if (changed.has("q") || changed.has("sort")) list();
    if (changed.has("view")) arrange();
    if (changed.has("size")) grid.resize(sizeOf(state));
    byId("sort").value = state.sort;
    viewer.follow();
  });

  byId("sort").addEventListener("change", (event) => setState({ sort: event.target.value }));
  byId("size").addEventListener("input", later(40, () => setState({ size: byId("size").value }, { replace: true })));
  byId("save-button").addEventListener("click", () => marks.showSave());
  byId("command-button").addEventListener("click", () => marks.showCommand().catch(failed));
  byId("help-button").addEventListener("click", showHelp);
  byId("pairs-button").addEventListener("click", () => setState({ view: state.view ? "" : "pairs" }));
  byId("facets-button").addEventListener("click", (event) => {
    const shown = byId("facets").classList.toggle("shown");
    event.target.setAttribute("aria-expanded", String(shown));
    if (shown) facets.show(state.q).catch(failed);
  });
  byId("save-button").hidden = info.read_only;
  startTheme();
  addEventListener("keydown", (event) => {
    const writes = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (writes || viewer.isOpen || document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) {
      if (event.key === "?" && viewer.isOpen && !writes) showHelp();
      return;
    }
    const does = {
      "/": () => byId("query").select(), "?": showHelp, y: () => marks.showCommand().catch(failed),
      w: () => !info.read_only && marks.showSave(),
      ArrowDown: () => grid.moveTo(grid.current), ArrowRight: () => grid.moveTo(grid.current),
    };
    if (!does[event.key] || event.target.closest?.("details, [role=toolbar]") && event.key.startsWith("Arrow")) return;
    event.preventDefault();
    does[event.key]();
  });

  byId("sort").value = state.sort;
  byId("size").value = sizeOf(state);
  grid.resize(sizeOf(state));
  arrange();
  list().then(() => viewer.follow());
  marks.load().catch(failed);
  // Another page may have marked something meanwhile.
  document.addEventListener("visibilitychange", () => document.hidden || marks.load().catch(failed));
}

async function open() {
  try {
    start(window.GALLERY ? filesData(window.GALLERY) : await serverData());
  } catch (error) {
    say(error.message);
    throw error;
  }
}

open();
