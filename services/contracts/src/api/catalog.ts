import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { ProductData } from '../events/catalog.ts'
import { Id, page, PageQuery, TimestampMs } from '../primitives.ts'
import { productLine as line, productTexts as editable, productTitle as title } from './product-fields.ts'

export * from './imports.ts'
export * from './search.ts'

export const Product = Type.Object(
  { ...ProductData.properties, version: Type.Integer({ minimum: 1 }), changedAt: TimestampMs },
  { additionalProperties: false }
)
export type Product = Static<typeof Product>

const ProductParams = Type.Object({ productId: Id }, { additionalProperties: false })
export const listProducts = defineOperation({
  id: 'listProducts',
  method: 'GET',
  path: '/api/products',
  role: 'public',
  summary: 'Lists the products, newest first.',
  query: Type.Object(
    { ...PageQuery, brand: Type.Optional(line), category: Type.Optional(line) },
    { additionalProperties: false }
  ),
  responses: { 200: page(Product) },
  errors: []
})

export const readProduct = defineOperation({
  id: 'readProduct',
  method: 'GET',
  path: '/api/products/:productId',
  role: 'public',
  summary: 'One product.',
  params: ProductParams,
  responses: { 200: Product },
  errors: ['PRODUCT_NOT_FOUND', 'PRODUCT_REMOVED']
})

export const addProduct = defineOperation({
  id: 'addProduct',
  method: 'POST',
  path: '/api/products',
  role: 'admin',
  summary: 'Adds a product. With a chosen productId the request may be repeated safely.',
  body: Type.Object({ productId: Type.Optional(Id), title, ...editable }, { additionalProperties: false }),
  responses: { 201: Product },
  subject: 'productId',
  errors: ['PRODUCT_EXISTS']
})

export const changeProduct = defineOperation({
  id: 'changeProduct',
  method: 'PATCH',
  path: '/api/products/:productId',
  role: 'admin',
  summary: 'Changes the fields given and leaves the others.',
  params: ProductParams,
  body: Type.Object({ title: Type.Optional(title), ...editable }, { additionalProperties: false, minProperties: 1 }),
  responses: { 200: Product },
  errors: ['PRODUCT_NOT_FOUND', 'PRODUCT_REMOVED']
})

export const removeProduct = defineOperation({
  id: 'removeProduct',
  method: 'DELETE',
  path: '/api/products/:productId',
  role: 'admin',
  summary: 'Removes a product from the catalogue. Its auctions and orders keep their own copy.',
  params: ProductParams,
  responses: { 204: null },
  errors: ['PRODUCT_NOT_FOUND']
})
