import { callUntilAnswered } from '../api/call.ts'
import { useOperation, useRefresh } from '../api/query.ts'
import { useAccount } from '../api/session.ts'
import { useSending } from '../account/sign-in.tsx'
import { announce } from '../parts/announce.tsx'
import { Icon } from '../parts/icon.tsx'

/** Whoever watches is told when it ends soon or is cancelled. */
export function WatchButton({ auctionId, watchers }: { auctionId: string; watchers: number | undefined }) {
  const account = useAccount()
  const watches = useOperation('listMyWatches', {}, { enabled: account !== undefined })
  const refresh = useRefresh()
  const { error, isSending, send } = useSending()
  const isWatched = watches.data?.items.some(({ auction }) => auction.auctionId === auctionId) ?? false
  const toggle = (): Promise<void> =>
    send(async () => {
      await callUntilAnswered(isWatched ? 'unwatchAuction' : 'watchAuction', { params: { auctionId } })
      announce(isWatched ? 'You no longer watch it.' : 'You watch it.')
      refresh('listMyWatches', 'readAuction')
    })
  return (
    <>
      {watchers !== undefined && watchers > 0 && (
        <span className="muted watchers">
          <span className="number">{watchers}</span> watching
        </span>
      )}
      {error && (
        <span className="wrong" role="alert">
          {error}
        </span>
      )}
      {account && (
        <button
          type="button"
          className="quiet"
          aria-pressed={isWatched}
          disabled={isSending}
          onClick={() => void toggle()}
        >
          <Icon name="star" /> {isWatched ? 'Watched' : 'Watch'}
        </button>
      )}
    </>
  )
}
