// Elements: finding and making them, and listening to them until a view ends.

// class -> the first element that has it, for every class of a component's page.
/** @param {ParentNode} root @returns {any} */
export function elementsByClass(root) {
  const all = [...root.querySelectorAll("[class]")].reverse()
  return Object.fromEntries(all.flatMap((element) => [...element.classList].map((name) => [name, element])))
}

/** The first that the selector finds. @param {ParentNode} root @param {string} selector @returns {any} */
export function find(root, selector) {
  return root.querySelector(selector)
}

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {string} className @param {(Node | string)[]} children @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, className, ...children) {
  const element = Object.assign(document.createElement(tag), { className })
  element.append(...children)
  return element
}

/** A button that submits nothing. @param {string} className @param {(Node | string)[]} children */
export function makeButton(className, ...children) {
  return Object.assign(make("button", className, ...children), { type: "button" })
}

// on(target, type, act), until the signal is given.
/** @param {AbortSignal} signal @param {{ passive: boolean }} [options] */
export function listening(signal, options) {
  /**
   * @template {keyof GlobalEventHandlersEventMap} T
   * @param {EventTarget} target @param {T} type @param {(event: GlobalEventHandlersEventMap[T]) => unknown} act
   */
  return (target, type, act) =>
    target.addEventListener(type, /** @type {EventListener} */ (act), { signal, ...options })
}

/**
 * The element around what an event happened on, null where there is none.
 * @template {keyof HTMLElementTagNameMap} T @param {Event} event @param {T} tag
 */
export function around(event, tag) {
  return /** @type {Element} */ (event.target).closest(tag)
}

/** @param {Element} element @returns {HTMLElement[]} */
export function childrenOf(element) {
  return /** @type {HTMLElement[]} */ ([...element.children])
}

// Where on an element an event happened, as shares of its width and height.
/** @param {Element} element @param {MouseEvent} event */
export function shareOf(element, event) {
  const { left, top, width, height } = element.getBoundingClientRect()
  return { x: (event.clientX - left) / width, y: (event.clientY - top) / height }
}

/** @param {Element} element @param {() => void} act @param {AbortSignal} signal */
export function onResize(element, act, signal) {
  const observer = new ResizeObserver(act)
  observer.observe(element)
  signal.addEventListener("abort", () => observer.disconnect())
}

/** @param {HTMLCanvasElement} canvas */
export function contextOf(canvas) {
  return /** @type {Context2D} */ (canvas.getContext("2d"))
}

// Elements are kept from run to run, so that the focus stays.
/** @param {Element} parent @param {number} count @param {() => Node} create */
export function keepCount(parent, count, create) {
  while (parent.children.length > count) parent.lastElementChild?.remove()
  while (parent.children.length < count) parent.append(create())
}

/** @param {Element} element @param {string} selector @param {string} text */
export function writeIn(element, selector, text) {
  find(element, selector).textContent = text
}
