/** Types of the form engine, apart so that phones do not download them. */

/** One attribute of a JSON Schema, with its `x-…` hints (docs/couches.md). */
type Definition = Record<string, any>;
type Attributes = Record<string, any>;
/** Path (`attributes.operators.0.calls`) → sentence. */
type Errors = Record<string, string | string[]>;

interface Couche {
  slug: string;
  title: string;
  schema: Definition;
}

interface Choice {
  value: any;
  label: string;
}

interface Question {
  name: string;
  title: string;
  help: string;
  kind: "choice" | "menu" | "many" | "yesno" | "number" | "text" | "long" | "rows";
  required: boolean;
  group: { id: string; title: string };
  definition: Definition;
  /** Choices; also the few values of a short range of numbers. */
  options: Choice[];
  /** Of `rows`: what each line asks. */
  parts: Question[];
  /** Of `rows`: the attribute that names a line, "" when none does. */
  key: string;
  /** Of `rows`: the keys shown as toggles. */
  fixed: string[];
  /** Of `rows`: the code that may answer every part of a line ("none"), or "". */
  nothing: string;
}

interface DrawOptions {
  /** At each answer: the value as `read()` gives it. */
  onChange?: (value: any) => void;
  /** One gesture has answered all of the question. */
  onEnough?: () => void;
  /** Keys of the lines to open at once. */
  remembered?: string[];
  errors?: Errors;
  /** Menus, and numbers to type: for a desk. */
  compact?: boolean;
}

interface Drawn {
  element: HTMLElement;
  /** The JSON value, undefined without answer. */
  read(): any;
  focus(): void;
  /** Show the errors of this question, clear the others. */
  showErrors(errors: Errors): void;
}

/** `enough`: the question has all its answer. */
type Changed = (enough?: boolean) => void;

/** A title, its help and its error around controls. */
interface Frame {
  element: HTMLElement;
  title: HTMLElement;
  show(errors: Errors, path: string): void;
  /** Forgets the error shown, then says that the answer changed. */
  heard: Changed;
}

interface Field extends Frame {
  read(): any;
  write(value: any): void;
}

interface Line extends Frame {
  read(): any;
  /** Whether each part is answered. */
  full(): boolean;
}

/** A list of lines. */
type Rows = Pick<Field, "element" | "read" | "show">;

interface SmallPhoto {
  bytes: ArrayBuffer;
  type: "image/jpeg";
  width: number;
  height: number;
}

/** `controls`: those an error makes invalid; `id` of the only one, else the frame is a fieldset. */
type DrawFrame = (
  question: Pick<Question, "title" | "help" | "required">,
  changed: Changed,
  body: HTMLElement[],
  controls?: HTMLElement[],
  id?: string,
) => Frame;
type DrawField = (question: Question, changed: Changed, compact?: boolean) => Field;
/** `code`: the line's fixed key, or "". */
type DrawLine = (question: Question, code: string, stored: Attributes, changed: Changed) => Line;
type DrawRows = (question: Question, stored: Attributes[], remembered: string[], changed: Changed) => Rows;
type DrawQuestion = (question: Question, value: any, options?: DrawOptions) => Drawn;
type DrawAll = (questions: Question[], values: Attributes, options?: DrawOptions) => Drawn;

/** `schema`: the object the attribute belongs to. */
type QuestionOf = (name: string, definition: Definition, schema: Definition) => Question;
type Readable = (value: any, definition: Definition) => string;
type Describe = (couche: Couche, attributes: Attributes) => { label: string; value: string }[];
/** One message a path; `partial`: nothing is obligatory. */
type Check = (couche: Couche, attributes: Attributes, options?: { partial?: boolean }) => Record<string, string>;
type Test = (value: any, limit: any) => boolean;
type Say = (path: string, definition: Definition, text: string, limit?: any) => void;
type Judge = (value: any, definition: Definition, path: string, say: Say, partial?: boolean) => void;

type Make = <T extends keyof HTMLElementTagNameMap>(
  tag: T,
  properties: Record<string, any>,
  ...children: (Node | string)[]
) => HTMLElementTagNameMap[T];
