// Elements: finding and making them, and listening to them until a view ends.

// {name: element} of the classes named, null where there is none.
export function findByClass(root, names) {
  return Object.fromEntries(names.map((name) => [name, root.querySelector(`.${name}`)]))
}

export function make(tag, className, ...children) {
  const element = Object.assign(document.createElement(tag), { className })
  element.append(...children)
  return element
}

// on(target, type, act), until the signal is given.
export function listening(signal, options) {
  return (target, type, act) => target.addEventListener(type, act, { signal, ...options })
}

// The element around what an event happened on, null where there is none.
export function around(event, tag) {
  return event.target.closest(tag)
}

export function onResize(element, act, signal) {
  const observer = new ResizeObserver(act)
  observer.observe(element)
  signal.addEventListener("abort", () => observer.disconnect())
}

export function contextOf(canvas) {
  return canvas.getContext("2d")
}
