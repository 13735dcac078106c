// Numbers kept within bounds.

/** @param {number} value @param {number} low @param {number} high */
export function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value))
}

/** @param {number} index @param {number} n */
export function hold(index, n) {
  return clamp(index, 0, n - 1)
}
