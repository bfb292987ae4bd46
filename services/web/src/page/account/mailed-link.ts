/**
 * A mail's link is `/#verify-email=<token>` or `/#reset-password=<token>`: the token stands behind the `#`, which no browser sends anywhere.
 * It is led to its view and stays there until it is used.
 */
export function followMailedLink(): void {
  const [, purpose, token] = /^#(verify-email|reset-password)=([\w-]{20,200})$/.exec(location.hash) ?? []
  if (purpose && token) history.replaceState(null, '', `/account/${purpose}#${token}`)
}

export const mailedToken = (): string => /^#([\w-]{20,200})$/.exec(location.hash)?.[1] ?? ''

/** Used up: it is not left in the address. */
export const dropMailedToken = (): void => history.replaceState(null, '', location.pathname)
