/** The crosshair fixed in the middle of a map: the map moves, it does not. */

const SVG = "http://www.w3.org/2000/svg";
/** @type {[string, Record<string, string>][]} in a square of 56 */
const CROSS = [
  ["circle", { cx: "28", cy: "28", r: "11", fill: "none", stroke: "currentColor", "stroke-width": "3" }],
  ["path", { d: "M28 4v14M28 38v14M4 28h14M38 28h14", stroke: "currentColor", "stroke-width": "3", "stroke-linecap": "round" }],
  ["circle", { cx: "28", cy: "28", r: "2.5", fill: "currentColor" }],
];

/**
 * Put the crosshair in a map's box; it says nothing to those who listen.
 * @param {HTMLElement} box
 */
export function addCross(box) {
  const cross = document.createElement("div");
  cross.className = "carte__mire";
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 56 56");
  svg.setAttribute("aria-hidden", "true");
  for (const [name, attributes] of CROSS) {
    const shape = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
    svg.append(shape);
  }
  cross.append(svg);
  box.append(cross);
}
