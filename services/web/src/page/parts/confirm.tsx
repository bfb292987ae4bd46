import { useState, type ReactNode } from 'react'
import { sentence } from '../api/problem.ts'
import { announce } from './announce.tsx'
import { Dialog } from './dialog.tsx'
import { Wrong } from './states.tsx'

/** A button whose deed cannot be undone: it asks once, says what will be, and what went wrong. */
export function ConfirmButton({
  text,
  title,
  children,
  act,
  done
}: {
  text: string
  title: string
  children: ReactNode
  act: () => Promise<unknown>
  done: string
}) {
  const [isOpen, setOpen] = useState(false)
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState('')
  const run = async (): Promise<void> => {
    setBusy(true)
    setError('')
    try {
      await act()
      setOpen(false)
      announce(done)
    } catch (thrown) {
      setError(sentence(thrown))
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <button type="button" className="quiet small" onClick={() => setOpen(true)}>
        {text}
      </button>
      {isOpen && (
        <Dialog title={title} onClose={() => setOpen(false)}>
          <div className="stack">
            {children}
            <Wrong words={error} />
            <div className="actions">
              <button type="button" className="danger" disabled={isBusy} onClick={() => void run()}>
                {isBusy ? 'Under way …' : text}
              </button>
              <button type="button" className="quiet" onClick={() => setOpen(false)}>
                Leave it
              </button>
            </div>
          </div>
        </Dialog>
      )}
    </>
  )
}
