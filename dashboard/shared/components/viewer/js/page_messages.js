// Messages between the components of a page: they go through the window, as each component is a module of its own.

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
