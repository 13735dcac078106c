// Components with one link name share a place, as parts of the picture's width and height, and whether the map is
// hidden. It goes through the window, as each component is a module of its own; the server learns nothing of it.

const LINK_EVENT = "sightline:link"

function announce(view, message) {
  if (!view.link) return
  window.dispatchEvent(new CustomEvent(LINK_EVENT, { detail: { ...message, link: view.link, from: view } }))
}

// act: name of a message -> what to do with its content.
function onLinked(view, acts, signal) {
  const receive = ({ detail }) => {
    if (detail.link !== view.link || detail.from === view) return
    for (const [name, act] of Object.entries(acts)) if (name in detail) act(detail[name], detail)
  }
  window.addEventListener(LINK_EVENT, receive, { signal })
}
