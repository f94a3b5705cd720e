/**
 * Types of the report page, known to every module of it.
 *
 * Here rather than in `import("./x.js")` comments: collectstatic reads those as real imports, and
 * two modules that name each other's types would go round for ever.
 */

/** Degrees EPSG:4326; `accuracy` in metres, null when a person gave the place. */
interface ReportPlace {
  lon: number;
  lat: number;
  accuracy: number | null;
  source: string;
}

/** What the server refused for good, by field. */
interface Refusal {
  status: number;
  detail: string;
  errors: Record<string, string[]>;
}

interface PhotoState {
  n: number;
  size: number;
  state: "waiting" | "sent" | "refused";
  reason?: string;
}

interface Photo {
  id: string;
  n: number;
  type: string;
  bytes: ArrayBuffer;
}

/** A report as this device keeps it, from the first tap to the answer. */
interface DeviceReport {
  id: string;
  secret: string;
  kind: "report" | "correction";
  state: "draft" | "waiting" | "refused" | "sent";
  couche: string;
  couche_title: string;
  operation: string;
  feature: string | null;
  feature_title: string;
  place: ReportPlace | null;
  commune: { code: string; nom: string; nearBorder?: boolean } | null;
  attributes: Record<string, any>;
  /** `chosen`: a day picked by hand, which no clock corrects. */
  observed: { at: string; chosen: boolean };
  email: string;
  photos: PhotoState[];
  /** Typed by the town hall, under its account. */
  desk: boolean;
  /** Begun from a page of the commune's own site. */
  embed: boolean;
  /** Typed for somebody else: nothing of them is remembered. */
  other: boolean;
  created_at: string;
  saved_at: string | null;
  /** Written where there was no network. */
  offline: boolean;
  tries: number;
  /** Milliseconds; not before then, unless something changes. */
  not_before: number;
  /** Why it still waits. */
  held: string;
  error: Refusal | null;
  /** The body as it was first sent: it is sent again as it is. */
  frozen: Record<string, any> | null;
  receipt: Record<string, any> | null;
  sent_at: string | null;
  status: string;
  status_label: string;
  reason: string;
  correct_until: string | null;
  settled_at: string | null;
  checked_at: string | null;
}

/** A couche as the form engine needs it. */
interface Form {
  slug: string;
  title: string;
  description: string;
  schema_version: number;
  schema: any;
}

interface FoundCommune {
  code: string;
  nom: string;
  nearBorder?: boolean;
  /** Why no commune can be: abroad, or not open on this site. */
  outside?: string;
}

interface NearFeature {
  id: string;
  title: string;
  distance_m: number;
  observed_on: string;
}

interface Suggestion {
  name: string;
  detail: string;
  lon: number;
  lat: number;
  source: string;
}

/** What every screen receives. */
interface App {
  root: HTMLElement;
  query: URLSearchParams;
  /** The addresses that the page's `main` carries. */
  config: Record<string, string | undefined>;
  forms: Form[];
  draft: DeviceReport | null;
  /** The report whose receipt is shown. */
  receipt: string | null;
  /** What the next report of a row keeps. */
  kept: Partial<DeviceReport>;
  /** Ends what the screen left running. */
  leave: (() => void) | null;
  near: { place: { lon: number; lat: number }; features: NearFeature[]; pending: number } | null;
  /** Put the screen in the place of the page the server drew. */
  appear: () => void;
  form: (slug: string) => Form | undefined;
  /** Said once to those who listen. */
  say: (text: string) => void;
  go: (screen: string, options?: { replace?: boolean }) => Promise<void>;
  /** Changes the draft and keeps it: a call, a crash or an empty battery loses nothing. */
  update: (change: (draft: DeviceReport) => void, photos?: Photo[]) => Promise<void>;
  begin: (form: Form, known?: Partial<DeviceReport>) => Promise<void>;
}
