import '@fontsource-variable/geist/wght.css'
import '@fontsource-variable/newsreader/wght.css'
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import './styles/shell.css'
import './styles/parts.css'
import './styles/auctions.css'
import './styles/operations.css'
import { QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { followMailedLink } from './account/mailed-link.ts'
import { startLive } from './api/live.ts'
import { queryClient } from './api/query.ts'
import { App } from './app.tsx'
import { applyTheme } from './shell/theme.ts'

applyTheme()
followMailedLink()
window.addEventListener('hashchange', followMailedLink)
startLive()
const root = document.querySelector('#root')
if (root)
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <App />
      </QueryClientProvider>
    </StrictMode>
  )
