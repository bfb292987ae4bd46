import type { ReactNode } from 'react'
import { Route, Switch } from 'wouter'
import type { ParamsOf } from '../routes.ts'

type ViewsOf<Path extends string> = { [Each in Path]: (params: ParamsOf<Each>) => ReactNode }

/** A view for each address of a part, and what is shown at any other. */
export function Views<Path extends string>({ of: views, otherwise }: { of: ViewsOf<Path>; otherwise: ReactNode }) {
  return (
    <Switch>
      {(Object.entries(views) as [string, (params: Record<string, string | undefined>) => ReactNode][]).map(
        ([path, draw]) => (
          <Route key={path} path={path}>
            {draw}
          </Route>
        )
      )}
      <Route>{otherwise}</Route>
    </Switch>
  )
}
