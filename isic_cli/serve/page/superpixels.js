/** The superpixel under the pointer: the map's own pixels, as the archive encodes its labels. */

export class SuperpixelMap {
  constructor(pixels) {
    this.pixels = pixels;
  }

  /** Read a map: label = R + 256 G + 65536 B. */
  static async open(source) {
    const answer = await fetch(source);
    if (!answer.ok) throw new Error(`the superpixel map cannot be read (status ${answer.status})`);
    const bitmap = await createImageBitmap(await answer.blob(), {
      premultiplyAlpha: "none",
      colorSpaceConversion: "none",
    });
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(bitmap, 0, 0);
    return new SuperpixelMap(context.getImageData(0, 0, bitmap.width, bitmap.height));
  }

  /** Return the label at a point, given in shares of the sides. */
  label([x, y]) {
    const { data, width, height } = this.pixels;
    const at = 4 * (Math.floor(y * height) * width + Math.floor(x * width));
    return data[at] + 256 * data[at + 1] + 65536 * data[at + 2];
  }
}
