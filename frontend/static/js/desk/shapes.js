/** The shapes of the states, drawn as on the list (frontend/templates/composants/forme.html). */

const SVG = "http://www.w3.org/2000/svg";

/** @type {Record<string, [string, Record<string, string>][]>} */
const SHAPES = {
  SUBMITTED: [["circle", { cx: "10", cy: "10", r: "7", fill: "none", stroke: "currentColor", "stroke-width": "3" }]],
  RETURNED: [["path", { d: "M10 2l8 8-8 8-8-8z", fill: "none", stroke: "currentColor", "stroke-width": "2.5" }]],
  ACCEPTED: [
    ["circle", { cx: "10", cy: "10", r: "9", fill: "currentColor" }],
    ["path", { d: "M5.5 10.5l3 3 6-6.5", fill: "none", stroke: "#fff", "stroke-width": "2.5" }],
  ],
  PUBLISHED: [
    [
      "path",
      {
        d: "M10 1a6.5 6.5 0 0 0-6.5 6.5C3.5 12 10 19 10 19s6.5-7 6.5-11.5A6.5 6.5 0 0 0 10 1zm0 4a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5z",
        fill: "currentColor",
        "fill-rule": "evenodd",
      },
    ],
  ],
  REJECTED: [["path", { d: "M4 4l12 12M16 4L4 16", stroke: "currentColor", "stroke-width": "3.5" }]],
  MERGED: [
    ["path", { d: "M2.5 2.5h10v10h-10zM7.5 7.5h10v10h-10z", fill: "none", stroke: "currentColor", "stroke-width": "2.2" }],
  ],
  WITHDRAWN: [["path", { d: "M3 10h14", stroke: "currentColor", "stroke-width": "3.5" }]],
};

/**
 * @param {string} state
 * @returns {SVGElement}
 */
export function drawShape(state) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("width", "20");
  svg.setAttribute("height", "20");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `forme forme--${state.toLowerCase()}`);
  for (const [name, attributes] of SHAPES[state] ?? SHAPES.SUBMITTED) {
    const part = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, value);
    svg.append(part);
  }
  return svg;
}
