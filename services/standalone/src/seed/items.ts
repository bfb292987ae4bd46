/** What a new platform has on its shelves, so that its page is not empty. Prices in US cents. */
export const items = [
  {
    productId: 'field-watch',
    title: 'Field watch, steel, 1969',
    description: 'Hand-wound, luminous hands, on a canvas strap.',
    brand: 'Meridian',
    category: 'watches',
    stock: 3,
    auction: {
      mode: 'english',
      openingPriceMinor: 9_900,
      reservePriceMinor: 15_000,
      hours: 2,
      antiSnipingWindowMs: 60_000
    }
  },
  {
    productId: 'rangefinder',
    title: 'Rangefinder camera with 50 mm lens',
    description: 'Serviced last year; shutter times measured.',
    brand: 'Optikon',
    category: 'cameras',
    stock: 1,
    auction: { mode: 'english', openingPriceMinor: 24_900, hours: 6, antiSnipingWindowMs: 120_000 }
  },
  {
    productId: 'handheld-console',
    title: 'Handheld console, boxed',
    description: 'Complete with manual and two games.',
    brand: 'Pixelworks',
    category: 'games',
    stock: 2,
    auction: { mode: 'english', openingPriceMinor: 100, hours: 24, antiSnipingWindowMs: 60_000 }
  },
  {
    productId: 'concert-ticket',
    title: 'Concert ticket, standing',
    description: 'A sale at a fixed price: first come, first served.',
    brand: 'Hall 7',
    category: 'tickets',
    stock: 200,
    auction: { mode: 'fixed-price', openingPriceMinor: 4_500, quantity: 200, quantityPerBuyer: 4, hours: 24 }
  }
] as const satisfies readonly Item[]

export interface Item {
  productId: string
  title: string
  description: string
  brand: string
  category: string
  stock: number
  auction: {
    mode: 'english' | 'fixed-price'
    openingPriceMinor: number
    reservePriceMinor?: number
    quantity?: number
    quantityPerBuyer?: number
    antiSnipingWindowMs?: number
    hours: number
  }
}
