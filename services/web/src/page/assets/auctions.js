import { read } from './api.js'
import { auctionCard } from './auction-card.js'
import { element, notice, replace, skeletons } from './dom.js'
import { subscribe, unsubscribe } from './live.js'

/** @typedef {import('@gavel/contracts/api/bidding.ts').Auction} Auction */

const kinds = /** @type {const} */ ([
  ['open', 'Open'],
  ['scheduled', 'Coming'],
  ['closed', 'Closed']
])
const emptyTexts = {
  open: 'No auction is open right now.',
  scheduled: 'No auction is planned.',
  closed: 'No auction has closed yet.'
}
const refreshMs = 15_000

/** @param {string} status @param {string} [cursor] */
const page = (status, cursor) =>
  read(`/api/auctions?status=${status}&limit=30${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`)

/**
 * The list of auctions. Cards in view are live; the list itself is asked for again now and then, for what is new.
 * @param {HTMLElement} main @param {AbortSignal} signal ends the view
 */
export function showAuctions(main, signal) {
  /** @type {Map<string, ReturnType<typeof auctionCard>>} */
  const cards = new Map()
  /** @type {'open' | 'scheduled' | 'closed'} */
  let status = 'open'
  let generation = 0

  const grid = element('div', { class: 'cards' })
  const content = element('div', { class: 'content' })
  const more = element('button', { type: 'button', class: 'more', hidden: true }, 'Show more')
  const filter = element(
    'fieldset',
    { class: 'segments' },
    element('legend', { class: 'visually-hidden' }, 'Which auctions'),
    kinds.map(([value, label]) =>
      element(
        'label',
        {},
        element('input', {
          type: 'radio',
          name: 'status',
          value,
          checked: value === status,
          onchange: () => choose(value)
        }),
        element('span', {}, label)
      )
    )
  )
  replace(main, element('div', { class: 'heading' }, element('h1', {}, 'Auctions'), filter), content)

  const inView = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        const id = /** @type {HTMLElement} */ (entry.target).dataset['auction'] ?? ''
        if (entry.isIntersecting) subscribe(`auction:${id}`, (frame) => cards.get(id)?.live(frame))
        else unsubscribe(`auction:${id}`)
      }
    },
    { rootMargin: '300px' }
  )

  /** @param {string} id */
  const forget = (id) => {
    const card = cards.get(id)
    if (!card) return
    inView.unobserve(card.node)
    unsubscribe(`auction:${id}`)
    card.node.remove()
    cards.delete(id)
  }

  /** @param {Auction[]} items */
  const show = (items) => {
    for (const auction of items) {
      const known = cards.get(auction.auctionId)
      if (known) {
        known.read(auction)
        continue
      }
      const card = auctionCard(auction)
      cards.set(auction.auctionId, card)
      grid.append(card.node)
      inView.observe(card.node)
    }
    if (cards.size === 0) replace(content, notice(emptyTexts[status]))
    else if (!grid.isConnected) replace(content, grid, more)
  }

  /** @param {string | undefined} cursor */
  const offerMore = (cursor) => {
    more.hidden = cursor === undefined
    more.onclick = async () => {
      more.disabled = true
      try {
        const { items, nextCursor } = await page(status, cursor)
        show(items)
        offerMore(nextCursor)
      } finally {
        more.disabled = false
      }
    }
  }

  const load = async () => {
    const mine = ++generation
    if (cards.size === 0) replace(content, ...skeletons(6, 'Loading auctions'))
    try {
      const { items, nextCursor } = await page(status)
      if (mine !== generation || signal.aborted) return
      show(items)
      if (cards.size <= items.length) offerMore(nextCursor)
    } catch (error) {
      if (mine === generation && cards.size === 0)
        replace(
          content,
          notice(/** @type {Error} */ (error).message, () => void load())
        )
    }
  }

  /** @param {'open' | 'scheduled' | 'closed'} value */
  const choose = (value) => {
    status = value
    for (const id of cards.keys()) forget(id)
    more.hidden = true
    void load()
  }

  // Once a second for every card at once: one timer, and only what differs is written.
  const tick = setInterval(() => {
    for (const card of cards.values()) card.tick()
  }, 1000)
  const refresh = setInterval(() => {
    if (!document.hidden) void load()
  }, refreshMs)
  signal.addEventListener('abort', () => {
    clearInterval(tick)
    clearInterval(refresh)
    for (const id of cards.keys()) forget(id)
    inView.disconnect()
  })
  void load()
}
