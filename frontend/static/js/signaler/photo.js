/** A photo made small on the phone: new pixels, so that place, date and phone model die here. */

import { gettext } from "../texts.js";

const MAX_FILE = 40e6;
const MAX_PIXELS = 60e6;
const MAX_SIDE = 1600;
const MAX_BYTES = 400e3;
const QUALITIES = [0.72, 0.64, 0.56, 0.48, 0.4];

/** Its message is the sentence to show. */
export class PhotoUnreadable extends Error {}

const unreadable = () =>
  new PhotoUnreadable(gettext("Cette photo n'a pas pu être lue sur ce téléphone : essayez une photo JPEG ou PNG. Votre signalement est gardé sans elle."));
const tooLarge = () =>
  new PhotoUnreadable(gettext("Cette photo est trop lourde pour ce téléphone : choisissez-en une plus petite. Votre signalement est gardé sans elle."));

/** A JPEG without metadata. Throws PhotoUnreadable: HEIC, damaged, too large. @param {Blob} file */
export async function shrink(file) {
  if (file.size > MAX_FILE) throw tooLarge();
  const url = URL.createObjectURL(file);
  try {
    return await redraw(file, await load(url));
  } catch (error) {
    throw error instanceof PhotoUnreadable ? error : unreadable();
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** An image knows its size before its pixels are decoded. @type {(url: string) => Promise<HTMLImageElement>} */
function load(url) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = reject;
    image.src = url;
  });
}

/** @type {(file: Blob, image: HTMLImageElement) => Promise<SmallPhoto>} */
async function redraw(file, image) {
  const [from, to] = [image.naturalWidth, image.naturalHeight];
  if (from * to > MAX_PIXELS) throw tooLarge();
  const [width, height] = [from, to].map((side) => Math.round(side * Math.min(1, MAX_SIDE / Math.max(from, to))) || 1);
  const size = width < height ? { resizeHeight: height } : { resizeWidth: width };
  const bitmap = await window.createImageBitmap?.(file, { imageOrientation: "from-image", resizeQuality: "high", ...size }).catch(() => null);
  // Some browsers turn the photo after sizing it: the image is drawn instead.
  const fits = bitmap && Math.abs(bitmap.width - width) + Math.abs(bitmap.height - height) < 4;
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  try {
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    pen.fillStyle = "white"; // JPEG has no transparency
    pen.fillRect(0, 0, width, height);
    pen.drawImage(fits ? bitmap : image, 0, 0, width, height);
    return { bytes: await encode(canvas), type: "image/jpeg", width, height };
  } finally {
    bitmap?.close();
    canvas.width = 0; // old WebKit keeps the pixels otherwise
  }
}

/** @type {(canvas: HTMLCanvasElement) => Promise<ArrayBuffer>} */
async function encode(canvas) {
  for (const quality of QUALITIES) {
    const blob = await new Promise((/** @type {BlobCallback} */ done) => canvas.toBlob(done, "image/jpeg", quality));
    if (blob && (blob.size <= MAX_BYTES || quality === 0.4)) return blob.arrayBuffer();
  }
  throw unreadable();
}
