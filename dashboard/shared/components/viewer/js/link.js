// Messages between the components of a page: they go through the window, as each component is a module of its own.
// Components with one link name share a place, as parts of the picture's width and height, and whether the map is
// hidden; the server learns nothing of it.

const LINK_EVENT = "sightline:link"

/** @typedef {Record<string, (content: any, message: any) => void>} Acts */

/** @param {string} kind @param {unknown} message */
export function tellPage(kind, message) {
  window.dispatchEvent(new CustomEvent(kind, { detail: message }))
}

/** @param {string} kind @param {(message: any) => void} act @param {AbortSignal} signal */
export function onMessage(kind, act, signal) {
  window.addEventListener(kind, (event) => act(/** @type {CustomEvent} */ (event).detail), { signal })
}

/** acts: name of a part of a message -> what to do with its content. @param {any} message @param {Acts} acts */
export function actOn(message, acts) {
  for (const [name, act] of Object.entries(acts)) if (name in message) act(message[name], message)
}

/** @param {Linked} view @param {object} message */
export function announce(view, message) {
  if (!view.link) return
  tellPage(LINK_EVENT, { ...message, link: view.link, from: view })
}

// acts: name of a message -> what to do with its content.
/** @param {Linked} view @param {Acts} acts @param {AbortSignal} signal */
export function onLinked(view, acts, signal) {
  onMessage(LINK_EVENT, (message) => {
    if (message.link === view.link && message.from !== view) actOn(message, acts)
  }, signal)
}
