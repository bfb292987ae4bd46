/** The largest amount the contracts can carry (`Minor` in contracts/primitives.ts). */
export const MINOR_MAX = 1_000_000_000_00
