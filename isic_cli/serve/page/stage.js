/** One picture to zoom and pan, with what is drawn over it. */

import { el } from "./dom.js";

const MOST = 40;

/** What two stages side by side share: how far in, and which point is in the middle. */
export class Camera {
  constructor() {
    this.stages = new Set();
    this.reset();
  }

  reset() {
    Object.assign(this, { zoom: 1, x: 0.5, y: 0.5 });
    this.show();
  }

  /** Zoom by a factor; `fx`, `fy` is the point of the picture, as shares of it, that stays put. */
  scale(factor, fx = this.x, fy = this.y) {
    const zoom = Math.min(MOST, Math.max(1, this.zoom * factor));
    const ratio = this.zoom / zoom;
    this.x = fx + (this.x - fx) * ratio;
    this.y = fy + (this.y - fy) * ratio;
    this.zoom = zoom;
    this.show();
  }

  /** Move by shares of the picture. */
  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.show();
  }

  show() {
    const edge = 0.5 / this.zoom;
    this.x = Math.min(1 - edge, Math.max(edge, this.x));
    this.y = Math.min(1 - edge, Math.max(edge, this.y));
    this.stages.forEach((stage) => stage.place());
  }
}

export class Stage {
  /** `hovered(x, y)` is told the pixel under the pointer, or null beside the picture. */
  constructor(camera, hovered) {
    Object.assign(this, { camera, hovered, layers: new Map(), pointers: new Map() });
    this.picture = el("img", { className: "picture", draggable: "false" });
    this.sheet = el("div", { className: "layers" }, this.picture);
    this.root = el("div", { className: "stage" }, this.sheet);
    this.picture.addEventListener("load", () => this.place());
    this.root.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    for (const name of ["pointerdown", "pointermove", "pointerup", "pointercancel", "pointerleave"]) {
      this.root.addEventListener(name, (event) => this.point(event));
    }
    this.root.addEventListener("dblclick", (event) => this.zoomAt(event, 2));
    this.watcher = new ResizeObserver(() => this.place());
    this.watcher.observe(this.root);
    camera.stages.add(this);
  }

  remove() {
    this.camera.stages.delete(this);
    this.watcher.disconnect();
    this.root.remove();
  }

  show(source, alt) {
    this.layers.forEach((layer) => layer.remove());
    this.layers.clear();
    this.picture.alt = alt;
    this.picture.src = source;
  }

  /** Draw a picture over the photograph, or take it away; promises that it is there. */
  overlay(name, source) {
    this.layers.get(name)?.remove();
    this.layers.delete(name);
    if (!source) return Promise.resolve();
    const layer = el("img", { className: "overlay", alt: "", src: source });
    this.layers.set(name, layer);
    this.sheet.append(layer);
    this.place();
    return layer.decode();
  }

  get fit() {
    const { naturalWidth: width, naturalHeight: height } = this.picture;
    return Math.min(this.root.clientWidth / (width || 1), this.root.clientHeight / (height || 1));
  }

  place() {
    const { naturalWidth: width, naturalHeight: height } = this.picture;
    if (!width) return;
    const scale = this.fit * this.camera.zoom;
    for (const layer of this.sheet.children) {
      layer.style.width = `${width}px`;
      layer.style.height = `${height}px`;
    }
    const left = this.root.clientWidth / 2 - this.camera.x * width * scale;
    const top = this.root.clientHeight / 2 - this.camera.y * height * scale;
    this.sheet.style.transform = `translate(${left}px, ${top}px) scale(${scale})`;
    this.root.classList.toggle("near", scale > 3);
  }

  /** Return the point of the picture under an event, in shares of its sides. */
  shares(event) {
    const box = this.root.getBoundingClientRect();
    const scale = this.fit * this.camera.zoom;
    const dx = (event.clientX - box.left - box.width / 2) / scale;
    const dy = (event.clientY - box.top - box.height / 2) / scale;
    return [
      this.camera.x + dx / (this.picture.naturalWidth || 1),
      this.camera.y + dy / (this.picture.naturalHeight || 1),
    ];
  }

  zoomAt(event, factor) {
    this.camera.scale(factor, ...this.shares(event));
  }

  wheel(event) {
    event.preventDefault();
    this.zoomAt(event, Math.exp(-event.deltaY / 400));
  }

  point(event) {
    const { pointers } = this;
    if (event.type === "pointerdown") {
      this.root.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, event);
    } else if (event.type === "pointermove") this.drag(event);
    else pointers.delete(event.pointerId);
    const [x, y] = this.shares(event);
    const inside = event.type !== "pointerleave" && x >= 0 && y >= 0 && x < 1 && y < 1;
    this.hovered(inside ? [x, y] : null);
  }

  drag(event) {
    const { pointers } = this;
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const other = [...pointers.values()].find((one) => one.pointerId !== event.pointerId);
    if (other) {
      const far = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
      this.zoomAt(other, far(event) / far(before));
    } else {
      const [x0, y0] = this.shares(before);
      const [x1, y1] = this.shares(event);
      this.camera.pan(x0 - x1, y0 - y1);
    }
    pointers.set(event.pointerId, event);
  }
}
