// How the map is drawn, one record a name, shared by every component of the page that uses the name. It lives on the
// window, as each component is a module of its own; sessionStorage carries it over a reload.

import { TAPS } from "./interpolate.js"
import { onMessage, tellPage } from "./link.js"

/** @type {Drawing} */
const DEFAULT_SETTINGS = { opacity: 0.55, threshold: 0, sequential: "viridis", diverging: "vik", between: "bilinear" }
/** @type {Map<string, Drawing>} */
const SETTINGS = (window.sightlineSettings ??= new Map())
const SETTINGS_EVENT = "sightline:settings"

/** @param {string} name @returns {Drawing} */
export function getSettings(name) {
  const settings = SETTINGS.get(name) ?? { ...DEFAULT_SETTINGS, ...storedSettings(name) }
  SETTINGS.set(name, settings)
  return settings
}

/** @param {string} name @param {Partial<Drawing>} change */
export function changeSettings(name, change) {
  const settings = { ...getSettings(name), ...change }
  SETTINGS.set(name, settings)
  try {
    sessionStorage.setItem(`sightline.${name}`, JSON.stringify(settings))
  } catch {
    // A browser that forbids storage only forgets the settings on a reload.
  }
  tellPage(SETTINGS_EVENT, name)
}

/** @param {(name: string) => boolean} matches @param {() => void} redraw @param {AbortSignal} signal */
export function onSettings(matches, redraw, signal) {
  onMessage(SETTINGS_EVENT, (name) => matches(name) && redraw(), signal)
}

/** @param {string} name @returns {Partial<Drawing>} */
function storedSettings(name) {
  try {
    const stored = migrated(JSON.parse(sessionStorage.getItem(`sightline.${name}`) ?? "{}"))
    return Object.fromEntries(Object.entries(stored).filter(isSetting))
  } catch {
    return {}
  }
}

/** An earlier version stored `smooth`, true or false, where this one stores `between`. @param {any} stored */
function migrated({ smooth, ...stored }) {
  return smooth === false ? { between: "nearest", ...stored } : stored
}

/** @param {[string, unknown]} setting */
function isSetting([key, value]) {
  return typeof value === typeof DEFAULT_SETTINGS[/** @type {keyof Drawing} */ (key)] &&
    (key !== "between" || Object.hasOwn(TAPS, String(value)))
}

// The table of the chosen scale; a name stored by an earlier version falls back to the first.
/** @param {Drawing} settings @param {ScaleKind} kind @param {Scales} tables */
export function chosenScale(settings, kind, tables) {
  return tables[settings[kind]] ? settings[kind] : Object.keys(tables)[0]
}

/** @param {{ vmin: number }} range @returns {ScaleKind} */
export function scaleKind({ vmin }) {
  return vmin < 0 ? "diverging" : "sequential"
}

/** The colours that a range is drawn with. @param {Drawing} settings @param {Scale} range @param {Scales} scales */
export function lutOf(settings, range, scales) {
  return scales[chosenScale(settings, scaleKind(range), scales)]
}
