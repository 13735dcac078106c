// The wheel as whole slices.

const NOTCH = 50 // pixels of the wheel in one event from which it is a notch, and not a touch pad
const PAD = 30 // pixels that a touch pad moves for one slice

// How many slices to go on; what is less than one is kept on the view.
/** @param {Rolled} view @param {WheelEvent} event */
export function wheelSteps(view, event) {
  const pixels = event.deltaY * (event.deltaMode ? NOTCH : 1)
  view.rolled = Math.abs(pixels) >= NOTCH ? Math.sign(pixels) * PAD : (view.rolled ?? 0) + pixels
  const steps = Math.trunc(view.rolled / PAD)
  view.rolled -= steps * PAD
  return steps
}
