/** A couche's questions as native fields: one per screen on a phone, all on a page at the desk. */

import { gettext, interpolate, ngettext } from "../texts.js";
import { midSentence } from "./schema.js";

let count = 0;
const newId = () => `q${++count}`;

/** `properties`, else attributes. @type {Make} */
function make(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) Object.assign(element, { [name]: value });
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** @type {DrawFrame} */
function frame(question, changed, body, controls = [], id = "") {
  const own = id || newId();
  const text = question.required ? interpolate(gettext("%(title)s (obligatoire)"), question) : question.title;
  const title = make(id ? "label" : "legend", id ? { htmlFor: id } : {}, text);
  const help = make("p", { id: `${own}a`, className: "aide", hidden: !question.help }, question.help);
  const error = make("p", { id: `${own}e`, className: "erreur", hidden: true });
  const element = make(id ? "div" : "fieldset", { className: "champ" }, title, help, error, ...body);
  (id ? controls[0] : element).setAttribute("aria-describedby", `${help.id} ${error.id}`);
  /** @type {Frame["show"]} */
  const show = (errors, path) => {
    // An error of one tick box is said of its question.
    const said = errors[path] ?? (controls[0] && errors[Object.keys(errors).find((one) => one.startsWith(`${path}.`)) ?? ""]);
    error.textContent = [said ?? []].flat().join(" ");
    error.hidden = !said;
    element.classList.toggle("champ--erreur", !!said);
    for (const control of controls) control.setAttribute("aria-invalid", String(!!said));
  };
  const heard = (enough = false) => {
    show({}, "");
    changed(enough);
  };
  return { element, title, show, heard };
}

/** @type {DrawField} */
function drawField(question, changed, compact) {
  const { kind, options } = question;
  if (kind === "menu" && (compact || options.length < 13)) return drawMenu(question, changed);
  return kind === "yesno" || options[0] ? drawChoices(question, changed) : drawText(question, changed);
}

/** Large buttons; a second tap, or space, releases an optional radio. @type {DrawField} */
function drawChoices(question, changed) {
  const { kind, required } = question;
  const many = kind === "many";
  const unknown = required ? [] : [{ value: undefined, label: gettext("Je ne sais pas") }];
  /** @type {Choice[]} */
  const choices =
    kind === "yesno" ? [{ value: true, label: gettext("Oui") }, { value: false, label: gettext("Non") }, ...unknown] : question.options;
  const name = newId();
  const inputs = choices.map(() => make("input", { type: many ? "checkbox" : "radio", name }));
  const labels = choices.map(({ label }, rank) => make("label", {}, inputs[rank], label));
  const short = choices.every(({ label }) => label.length < 17) ? "choix choix--courts" : "choix";
  const list = make("div", { className: kind === "number" ? "choix choix--chiffres" : short }, ...labels);
  /** @type {HTMLElement[]} */
  const controls = many ? [...inputs] : [];
  const framed = frame(question, changed, kind === "menu" ? [filterOf(labels), list] : [list], controls);
  if (!many) {
    framed.element.setAttribute("role", "radiogroup"); // a radio is never invalid, its group is
    controls.push(framed.element);
  }
  /** @type {HTMLInputElement | undefined} */
  let on;
  const release = (/** @type {Event} */ event) => {
    if (!on || event.target !== on || required) return;
    on.checked = false;
    on = undefined;
    framed.heard();
  };
  list.addEventListener("click", release);
  list.addEventListener("keyup", (event) => {
    if (event.key !== " " || event.target !== on) return;
    event.preventDefault(); // no click after it
    release(event);
  });
  list.addEventListener("change", (event) => {
    if (!many) on = /** @type {HTMLInputElement} */ (event.target);
    framed.heard(!many);
  });
  return {
    ...framed,
    read: () => {
      const said = choices.filter((_, rank) => inputs[rank].checked).map(({ value }) => value);
      return many && said[0] ? said : said[0];
    },
    write: (value) => {
      on = undefined;
      for (const [rank, input] of inputs.entries()) {
        input.checked = value !== undefined && [value].flat().includes(choices[rank].value);
        if (input.checked && !many) on = input;
      }
    },
  };
}

const fold = (/** @type {string} */ text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** A field that keeps of a long list what it names, and the answer. @param {HTMLLabelElement[]} labels */
function filterOf(labels) {
  const id = newId();
  const state = make("p", { className: "aide", role: "status" });
  const input = make("input", { type: "search", id, autocomplete: "off" });
  input.addEventListener("input", () => {
    for (const label of labels) {
      label.hidden = !fold(label.textContent ?? "").includes(fold(input.value.trim())) && !label.querySelector(":checked");
    }
    const n = labels.filter((label) => !label.hidden).length;
    state.textContent = interpolate(ngettext("%(n)s choix dans la liste.", "%(n)s choix dans la liste.", n), { n });
  });
  input.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  return make("div", { className: "champ" }, make("label", { htmlFor: id }, gettext("Chercher dans la liste")), input, state);
}

/** @type {DrawField} */
function drawMenu(question, changed) {
  const id = newId();
  const labels = [gettext("Choisissez…"), ...question.options.map(({ label }) => label)];
  const select = make("select", { id }, ...labels.map((label) => make("option", {}, label)));
  const framed = frame(question, changed, [select], [select], id);
  select.addEventListener("change", () => framed.heard(select.selectedIndex > 0));
  return {
    ...framed,
    read: () => question.options[select.selectedIndex - 1]?.value,
    write: (value) => {
      select.selectedIndex = 1 + question.options.findIndex((one) => one.value === value);
    },
  };
}

/** @type {DrawField} */
function drawText(question, changed) {
  const { kind, definition } = question;
  const { "x-widget": widget, "x-format": format, maxLength } = definition;
  const id = newId();
  const control = make(kind === "long" ? "textarea" : "input", { id, autocomplete: "off" });
  if (widget === "time") control.setAttribute("type", "time");
  // As text: the browser's own judge of a number or an address hides what was typed.
  else if (kind === "number") control.inputMode = definition.type === "integer" ? "numeric" : "decimal";
  else if (["tel", "url", "email"].includes(widget)) control.inputMode = widget;
  if (maxLength && !format) control.maxLength = maxLength;
  const framed = frame(question, changed, [control], [control], id);
  control.addEventListener("input", () => framed.heard());
  return {
    ...framed,
    read: () => {
      const text = control.value.trim();
      const isNumber = kind === "number" && /^[+-]?\d{1,15}([.,]\d{1,10})?$/.test(text);
      return isNumber ? Number(text.replace(",", ".")) : text || undefined;
    },
    write: (value) => {
      control.value = value ?? "";
    },
  };
}

/** Where all may be « nothing », one button says it. @type {DrawLine} */
function drawLine({ parts, key, fixed, nothing }, code, stored, changed) {
  const isKey = (/** @type {{name: string}} */ { name }) => name === key;
  const fields = parts
    .filter((part) => !code || !isKey(part))
    .map((part) => {
      const options = isKey(part) ? part.options.filter(({ value }) => !fixed.includes(value)) : part.options;
      const field = drawField({ ...part, options, required: false }, () => heard(), true);
      field.write(stored[part.name]);
      return { name: part.name, ...field };
    });
  const said = fields.filter((field) => !isKey(field));
  const isNothing = () => said.every((field) => field.read() === nothing);
  const full = () => said.every((field) => field.read() !== undefined);
  const quick = make("button", { type: "button", className: "bouton bouton--second bouton--large bascule" }, gettext("Rien ne passe"));
  const press = () => quick.setAttribute("aria-pressed", String(isNothing()));
  press();
  /** @type {any[]} */
  let before = [];
  quick.addEventListener("click", () => {
    const undo = isNothing();
    const values = undo ? before : said.map(() => nothing);
    before = undo ? [] : said.map((field) => field.read());
    said.forEach((field, rank) => field.write(values[rank]));
    heard();
  });
  const body = fields.map(({ element }) => element);
  if (nothing) body.splice(-said.length, 0, quick);
  const title = parts.find(isKey)?.options.find(({ value }) => value === code)?.label ?? "";
  const framed = frame({ title, help: "", required: false }, changed, body);
  const heard = () => {
    press();
    framed.heard(!!nothing && full());
  };
  framed.element.classList.add("groupe");
  return {
    ...framed,
    full,
    read: () => {
      const pairs = fields.map((field) => [field.name, field.read()]).filter(([, value]) => value !== undefined);
      return pairs[0] && !framed.element.hidden ? { ...(code && { [key]: code }), ...Object.fromEntries(pairs) } : undefined;
    },
    show: (errors, path) => {
      framed.show(code ? { [path]: errors[`${path}.${key}`], ...errors } : errors, path);
      for (const field of fields) field.show(errors, `${path}.${field.name}`);
    },
  };
}

/** A toggle and a line for each fixed key, then lines to add and remove. @type {DrawRows} */
function drawRows(question, stored, remembered, changed) {
  const { key, parts, definition } = question;
  const { "x-row": name = gettext("Ligne"), maxItems } = definition;
  const known = parts.find((part) => part.name === key)?.options ?? [];
  const usual = question.fixed[0] ? known.map(({ value }) => value).filter((code) => remembered.includes(code)) : [];
  const fixed = [...new Set([...question.fixed, ...usual])];
  const asked = { ...question, fixed };
  const heard = (enough = false) => framed.heard(enough && lines.every((line) => line.element.hidden || line.full()));
  /** @type {Line[]} fixed ones first */
  const lines = fixed.map((code) => drawLine(asked, code, stored.find((one) => one[key] === code) ?? {}, heard));
  const toggles = lines.map(({ element, title, read }, rank) => {
    const input = make("input", { type: "checkbox", checked: !!read() || usual.includes(fixed[rank]) });
    element.hidden = !input.checked;
    input.addEventListener("change", () => {
      element.hidden = !input.checked;
      // What was just opened lies below the fold of a phone.
      if (input.checked) element.querySelector("button, input")?.scrollIntoView({ block: "nearest" });
      heard();
    });
    return make("label", {}, input, title.textContent ?? "");
  });
  const place = make("div", {});
  const text = fixed[0] ? name : interpolate(gettext("Ajouter : %(name)s"), { name: midSentence(name) });
  const more = make("button", { type: "button", className: "bouton bouton--second" }, `+ ${text}`);
  const number = () => {
    lines.slice(fixed.length).forEach(({ element, title }, rank) => {
      title.textContent = `${name} ${rank + 1}`;
      (element.lastChild ?? title).textContent = interpolate(gettext("Retirer : %(name)s"), { name: midSentence(title.textContent) });
    });
    more.hidden = lines.length >= maxItems;
  };
  const add = (/** @type {Attributes} */ item) => {
    const line = drawLine(asked, "", item, heard);
    const remove = make("button", { type: "button", className: "bouton bouton--lien" });
    remove.addEventListener("click", () => {
      lines.splice(lines.indexOf(line), 1);
      line.element.remove();
      number();
      more.focus();
      heard();
    });
    line.element.append(remove);
    lines.push(line);
    place.append(line.element);
    number();
    return line.element;
  };
  more.addEventListener("click", () => focusIn(add({})));
  const bar = fixed[0] ? [make("div", { className: "choix choix--courts" }, ...toggles)] : [];
  const framed = frame(question, changed, [...bar, ...lines.map(({ element }) => element), place, more]);
  const others = stored.filter((item) => !fixed.includes(item[key]));
  for (const item of fixed[0] || others[0] ? others : [{}]) add(item);
  const answered = () => lines.filter((line) => line.read());
  return {
    element: framed.element,
    read: () => (answered()[0] ? answered().map((line) => line.read()) : undefined),
    show: (errors, path) => {
      framed.show(errors, path);
      for (const line of lines) line.show(errors, `${path}.${answered().indexOf(line)}`);
    },
  };
}

/** To the first error, else the answer, else the first field. @param {HTMLElement} element */
function focusIn(element) {
  const all = [".champ--erreur :is(input, select, textarea)", "input:checked", "input, select, textarea"];
  const found = all.map((one) => /** @type {HTMLElement | null} */ (element.querySelector(one))).find(Boolean);
  found?.focus();
}

/** One question; `read()` is the attribute's JSON value. @type {DrawQuestion} */
export function drawQuestion(question, value, { onChange, onEnough, remembered = [], errors = {}, compact = false } = {}) {
  /** @type {Changed} */
  const changed = (enough) => {
    onChange?.(read());
    if (enough) onEnough?.();
  };
  /** @type {Rows & Partial<Field>} */
  const field = question.kind === "rows" ? drawRows(question, value ?? [], remembered, changed) : drawField(question, changed, compact);
  const { element, read } = field;
  field.write?.(value);
  if (!compact) element.classList.add("question");
  const showErrors = (/** @type {Errors} */ said) => field.show(said, `attributes.${question.name}`);
  showErrors(errors);
  return { element, read, showErrors, focus: () => focusIn(element) };
}

/** All questions on one page, in their groups; `read()` is the attributes. @type {DrawAll} */
export function drawAll(questions, values, options = {}) {
  /** @type {Record<string, HTMLElement>} */
  const groups = {};
  const onChange = () => options.onChange?.(read());
  const drawn = questions.map((question) => {
    const one = drawQuestion(question, values[question.name], { compact: true, ...options, onChange });
    const { id, title } = question.group;
    groups[id] ??= make("fieldset", { className: "groupe" }, make("legend", {}, title));
    groups[id].append(one.element);
    return { name: question.name, ...one };
  });
  const read = () => {
    const pairs = drawn.map((one) => [one.name, one.read()]);
    return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
  };
  const element = make("div", {}, ...Object.values(groups));
  return { element, read, focus: () => focusIn(element), showErrors: (errors) => drawn.forEach((one) => one.showErrors(errors)) };
}
