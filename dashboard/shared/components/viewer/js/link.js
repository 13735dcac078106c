// Components with one link name share a place, as parts of the picture's width and height, and whether the map is
// hidden. It goes through the window, as each component is a module of its own; the server learns nothing of it.

import { actOn, onMessage, tellPage } from "./page_messages.js"

const LINK_EVENT = "sightline:link"

/** @param {Linked} view @param {object} message */
export function announce(view, message) {
  if (!view.link) return
  tellPage(LINK_EVENT, { ...message, link: view.link, from: view })
}

// acts: name of a message -> what to do with its content.
/** @param {Linked} view @param {import("./page_messages.js").Acts} acts @param {AbortSignal} signal */
export function onLinked(view, acts, signal) {
  onMessage(LINK_EVENT, (message) => {
    if (message.link === view.link && message.from !== view) actOn(message, acts)
  }, signal)
}
