import type { Mail } from './mailbox.ts'

const escape = (text: string): string =>
  text.replace(
    /[&<>"']/g,
    (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[character]!
  )

const style = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 56rem; margin: 2rem auto; padding: 0 1rem }
  table { width: 100%; border-collapse: collapse }
  th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent) }
  td.time { white-space: nowrap }
  iframe { width: 100%; height: 24rem; border: 1px solid color-mix(in srgb, currentColor 20%, transparent); background: white }
  pre { white-space: pre-wrap }
  dt { font-weight: 600 } dd { margin: 0 0 .5rem }`

const page = (title: string, body: string, refresh: boolean): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
${refresh ? '<meta http-equiv="refresh" content="5">' : ''}
<title>${escape(title)}</title>
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`

const timeOf = (mail: Mail): string => new Date(mail.receivedAt).toISOString().replace('T', ' ').slice(0, 19)

export function listPage(mails: readonly Mail[], total: number): string {
  const rows = mails.map(
    (mail) => `<tr>
<td class="time"><time>${timeOf(mail)}</time></td>
<td>${escape(mail.to.join(', '))}</td>
<td><a href="/inbox/mails/${mail.id}">${escape(mail.subject)}</a>${mail.copies > 1 ? ` (${mail.copies} copies)` : ''}</td>
</tr>`
  )
  const body =
    rows.length === 0
      ? '<p>No mail has arrived yet.</p>'
      : `<table><thead><tr><th>Arrived (UTC)</th><th>To</th><th>Subject</th></tr></thead><tbody>${rows.join('\n')}</tbody></table>`
  return page(
    'Inbox',
    `<h1>Inbox</h1>\n<p>${total} mails. Everything the platform sends on this machine arrives here and goes no further.</p>\n${body}`,
    true
  )
}

/** The mail's own HTML comes from another address in a frame without any right: no script, no form, no request. */
export function mailPage(mail: Mail): string {
  return page(
    mail.subject,
    `<p><a href="/inbox">Inbox</a></p>
<h1>${escape(mail.subject)}</h1>
<dl>
<dt>From</dt><dd>${escape(mail.from)}</dd>
<dt>To</dt><dd>${escape(mail.to.join(', '))}</dd>
<dt>Arrived (UTC)</dt><dd>${timeOf(mail)}</dd>
<dt>Message-ID</dt><dd>${escape(mail.messageId)}</dd>
</dl>
${mail.html === '' ? '' : `<iframe sandbox="" title="The mail" src="/inbox/mails/${mail.id}/html"></iframe>`}
<h2>Text</h2>
<pre>${escape(mail.text)}</pre>`,
    false
  )
}
