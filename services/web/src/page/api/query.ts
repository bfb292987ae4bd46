import {
  keepPreviousData,
  QueryClient,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient
} from '@tanstack/react-query'
import { useCallback } from 'react'
import { call } from './call.ts'
import type { AnswerOf, InputOf, OperationId } from './operations.ts'
import { Problem } from './problem.ts'
import { useSession } from './session.ts'

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // A refusal is an answer; a fault passes, and is asked again a few times.
      retry: (failures, error) => error instanceof Problem && error.isFault && failures < 2,
      retryDelay: (attempt) => 400 * 2 ** attempt,
      staleTime: 5_000,
      networkMode: 'always'
    },
    mutations: { networkMode: 'always' }
  }
})

type Asking = { enabled?: boolean; refetchMs?: number; keep?: boolean }

/** What belongs to one person is kept under their id: signing out or in never shows somebody else’s. */
const useWho = (): string => useSession()?.account.userId ?? ''

export function useOperation<Id extends OperationId>(
  id: Id,
  input: InputOf<Id>,
  { enabled = true, refetchMs, keep }: Asking = {}
) {
  const who = useWho()
  return useQuery<AnswerOf<Id>, Error>({
    queryKey: [id, input, who],
    queryFn: ({ signal }) => call(id, input, { signal }),
    enabled,
    ...(refetchMs !== undefined && { refetchInterval: refetchMs }),
    ...(keep && { placeholderData: keepPreviousData })
  })
}

type PageOf<Id extends OperationId> = AnswerOf<Id> extends { items: readonly (infer Item)[] } ? Item : never

/** A listing, page after page. */
export function usePages<Id extends OperationId>(
  id: Id,
  input: InputOf<Id>,
  { enabled = true, refetchMs }: Asking = {}
) {
  const who = useWho()
  const query = useInfiniteQuery({
    queryKey: [id, input, who],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ signal, pageParam }) => {
      const given = input as { query?: object }
      return call(id, { ...given, query: { ...given.query, cursor: pageParam } } as unknown as InputOf<Id>, { signal })
    },
    getNextPageParam: (last) => (last as { nextCursor?: string }).nextCursor,
    enabled,
    ...(refetchMs !== undefined && { refetchInterval: refetchMs })
  })
  const items = query.data?.pages.flatMap((page) => (page as { items: PageOf<Id>[] }).items)
  return { ...query, items }
}

/** A change, after which the listings named are asked for again. */
export function useChange<Id extends OperationId>(id: Id, stale: readonly OperationId[] = []) {
  const client = useQueryClient()
  return useMutation<AnswerOf<Id>, Error, InputOf<Id>>({
    mutationFn: (input) => call(id, input),
    onSuccess: async () => {
      await Promise.all(stale.map((each) => client.invalidateQueries({ queryKey: [each] })))
    }
  })
}

export function useRefresh(): (...ids: OperationId[]) => void {
  const client = useQueryClient()
  return useCallback(
    (...ids) => {
      for (const id of ids) void client.invalidateQueries({ queryKey: [id] })
    },
    [client]
  )
}
