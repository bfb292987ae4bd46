/** Fewer pieces than this, and somebody should order more. */
export const lowStock = 3
