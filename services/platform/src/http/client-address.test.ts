import type { FastifyRequest } from 'fastify'
import { expect, test } from 'vitest'
import { clientAddresses } from './client-address.ts'

const of = clientAddresses(['127.0.0.1/8', '::1/128', '10.0.0.0/8', '192.168.1.7'])
const from = (remoteAddress: string | undefined, told?: string): FastifyRequest =>
  ({ socket: { remoteAddress }, headers: told === undefined ? {} : { 'x-envoy-external-address': told } }) as never

test.each([
  ['the gateway’s word, from a network of ours', '10.1.2.3', '203.0.113.7', '203.0.113.7'],
  ['the same over a socket of both families', '::ffff:10.1.2.3', '203.0.113.7', '203.0.113.7'],
  ['one named address', '192.168.1.7', '203.0.113.7', '203.0.113.7'],
  ['not the word of its neighbour', '192.168.1.8', '203.0.113.7', '192.168.1.8'],
  ['not the word of a stranger', '198.51.100.1', '203.0.113.7', '198.51.100.1'],
  ['not what is no address', '127.0.0.1', 'localhost', '127.0.0.1'],
  ['not a list', '127.0.0.1', '203.0.113.7, 10.0.0.1', '127.0.0.1'],
  ['nothing told', '10.1.2.3', undefined, '10.1.2.3'],
  ['a peer that is gone', undefined, '203.0.113.7', ''],
  ['a network of version 6', '::1', '2001:0DB8:0:2:3:4:5:6', '2001:db8:0:2::/64'],
  ['the same, shorter', '::1', '2001:db8:0:2::6', '2001:db8:0:2::/64'],
  ['a short one of it', '::1', '2001:db8::1', '2001:db8:0:0::/64'],
  ['version 4 in version 6', '10.0.0.1', '::ffff:203.0.113.7', '203.0.113.7']
])('%s', (_what, peer, told, address) => {
  expect(of(from(peer, told))).toBe(address)
})
