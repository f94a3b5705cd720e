/** A photo made small on the phone: new pixels, so that position, date and phone model die here. */

import { gettext } from "../texts.js";

const MAX_FILE = 40e6;
const MAX_PIXELS = 60e6;
const MAX_SIDE = 1600;
const MAX_BYTES = 400_000;
const QUALITIES = [0.72, 0.64, 0.56, 0.48, 0.4];

/** Its message is the sentence to show. */
export class PhotoUnreadable extends Error {
  name = "PhotoUnreadable";
}

const unreadable = () =>
  new PhotoUnreadable(gettext("Cette photo n'a pas pu être lue sur ce téléphone : essayez une photo JPEG ou PNG. Votre signalement est gardé sans elle."));
const tooLarge = () =>
  new PhotoUnreadable(gettext("Cette photo est trop lourde pour ce téléphone : choisissez-en une plus petite. Votre signalement est gardé sans elle."));

/**
 * A JPEG of 1600 px and 400 kB at most, without metadata. Throws PhotoUnreadable (HEIC, damaged, too large).
 * @param {Blob} file
 * @returns {Promise<{bytes: ArrayBuffer, type: "image/jpeg", width: number, height: number}>}
 */
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

/**
 * An image knows its size before its pixels are decoded.
 * @param {string} url
 * @returns {Promise<HTMLImageElement>}
 */
function load(url) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = reject;
    image.src = url;
  });
}

/**
 * @param {Blob} file
 * @param {HTMLImageElement} image
 */
async function redraw(file, image) {
  const { naturalWidth, naturalHeight } = image;
  if (naturalWidth * naturalHeight > MAX_PIXELS) throw tooLarge();
  const scale = Math.min(1, MAX_SIDE / Math.max(naturalWidth, naturalHeight));
  const width = Math.max(1, Math.round(naturalWidth * scale));
  const height = Math.max(1, Math.round(naturalHeight * scale));
  const bitmap = await decode(file, width, height);
  const canvas = document.createElement("canvas");
  try {
    Object.assign(canvas, { width, height });
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    pen.fillStyle = "white"; // JPEG has no transparency
    pen.fillRect(0, 0, width, height);
    pen.imageSmoothingQuality = "high";
    pen.drawImage(bitmap ?? image, 0, 0, width, height);
    const blob = await encode(canvas);
    return { bytes: await blob.arrayBuffer(), type: /** @type {const} */ ("image/jpeg"), width, height };
  } finally {
    bitmap?.close();
    canvas.width = 0; // old WebKit keeps the pixels otherwise
  }
}

/**
 * Decoded at once at the right size; null where the browser cannot, or turns the photo after sizing it.
 * @param {Blob} file
 * @param {number} width
 * @param {number} height
 */
async function decode(file, width, height) {
  try {
    const side = width < height ? { resizeHeight: height } : { resizeWidth: width };
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image", resizeQuality: "high", ...side });
    if (Math.abs(bitmap.width - width) < 3 && Math.abs(bitmap.height - height) < 3) return bitmap;
    bitmap.close();
  } catch {
    // the image itself is drawn instead
  }
  return null;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {Promise<Blob>}
 */
async function encode(canvas) {
  for (const quality of QUALITIES) {
    const blob = await new Promise((/** @type {BlobCallback} */ resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
    if (blob?.type !== "image/jpeg") break;
    if (blob.size <= MAX_BYTES || quality === QUALITIES.at(-1)) return blob;
  }
  throw unreadable();
}
