import { Component, type ReactNode } from 'react'
import { Failed } from '../parts/states.tsx'

/** A mistake of ours in one view leaves the rest of the page standing. A view that a new version no longer has is asked for anew. */
export class Boundary extends Component<{ children: ReactNode }, { error: Error | undefined }> {
  override state: { error: Error | undefined } = { error: undefined }

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error }
  }

  override render(): ReactNode {
    const { error } = this.state
    if (!error) return this.props.children
    const isOldVersion = /dynamically imported module|module script/i.test(error.message)
    const shown = isOldVersion ? new Error('This part could not be loaded.') : error
    return (
      <div className="view">
        <h1>This view failed</h1>
        <Failed error={shown} again={() => location.reload()} />
      </div>
    )
  }
}
