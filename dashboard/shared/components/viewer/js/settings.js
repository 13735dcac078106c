// How the map is drawn, one record a name, shared by every component of the page that uses the name. It lives on the
// window, as each component is a module of its own; sessionStorage carries it over a reload.

const DEFAULT_SETTINGS = { opacity: 0.55, threshold: 0, sequential: "viridis", diverging: "vik", between: "bilinear" }
const SETTINGS = (window.sightlineSettings ??= new Map())
const SETTINGS_EVENT = "sightline:settings"

function getSettings(name) {
  if (!SETTINGS.has(name)) SETTINGS.set(name, { ...DEFAULT_SETTINGS, ...storedSettings(name) })
  return SETTINGS.get(name)
}

function changeSettings(name, change) {
  SETTINGS.set(name, { ...getSettings(name), ...change })
  try {
    sessionStorage.setItem(`sightline.${name}`, JSON.stringify(SETTINGS.get(name)))
  } catch {
    // A browser that forbids storage only forgets the settings on a reload.
  }
  window.dispatchEvent(new CustomEvent(SETTINGS_EVENT, { detail: name }))
}

function onSettings(matches, redraw, signal) {
  window.addEventListener(SETTINGS_EVENT, (event) => matches(event.detail) && redraw(), { signal })
}

function storedSettings(name) {
  try {
    const stored = migrated(JSON.parse(sessionStorage.getItem(`sightline.${name}`)) ?? {})
    return Object.fromEntries(Object.entries(stored).filter(isSetting))
  } catch {
    return {}
  }
}

// An earlier version stored `smooth`, true or false, where this one stores `between`.
function migrated({ smooth, ...stored }) {
  return smooth === false ? { between: "nearest", ...stored } : stored
}

function isSetting([key, value]) {
  return typeof value === typeof DEFAULT_SETTINGS[key] && (key !== "between" || Object.hasOwn(TAPS, value))
}

// The table of the chosen scale; a name stored by an earlier version falls back to the first.
function chosenScale(settings, kind, tables) {
  return tables[settings[kind]] ? settings[kind] : Object.keys(tables)[0]
}

function scaleKind({ vmin }) {
  return vmin < 0 ? "diverging" : "sequential"
}
