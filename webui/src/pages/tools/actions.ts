// What can be done with a server, with the way back where there is one.
import { confirm } from '../../lib/confirm.svelte'
import { t } from '../../lib/i18n/index.svelte'
import { router } from '../../lib/router.svelte'
import { attempt, withUndo } from '../../lib/store/actions'
import { toasts } from '../../lib/toasts.svelte'
import { mcp, type McpServer } from '../../lib/tools/api'
import { sameAgain } from './draft'

type Seen = () => Promise<void>

export async function turn(server: McpServer, how: 'start' | 'stop' | 'restart', seen: Seen): Promise<void> {
  const { name } = server
  const doing = attempt(() => mcp.turn(name, how)).then(async (went) => {
    await seen()
    return went
  })
  if (how !== 'stop') return void (await doing)
  const undo = (): Promise<unknown> => attempt(() => mcp.turn(name, 'start')).then(seen)
  await withUndo(t('tools.stopped.toast', { name }), undo, doing)
}

/** The page where a person signs in opens in their browser; its address, for where that is forbidden. */
export async function openSignIn(server: McpServer): Promise<string> {
  let url = ''
  await attempt(async () => {
    url = await mcp.signIn(server.name)
    Object.assign(document.createElement('a'), { href: url, target: '_blank', rel: 'noopener noreferrer' }).click()
  })
  return url
}

export async function signOut(server: McpServer, seen: Seen): Promise<void> {
  const { name } = server
  if (await attempt(() => mcp.signOut(name))) toasts.say(t('tools.signout.toast', { name }), null)
  await seen()
}

/** With a server its secrets are gone, so that is asked first; without any it can be put back. */
export async function remove(server: McpServer, seen: Seen): Promise<void> {
  const { name } = server
  const secrets = server.env.length + server.headers.length > 0
  const sure =
    !secrets ||
    (await confirm({
      title: t('tools.remove.title', { name }),
      text: t('tools.remove.text'),
      action: t('tools.remove.action'),
    }))
  if (!sure || !(await attempt(() => mcp.remove(name)))) return
  if (router.place.of === name) router.go('tools')
  const undo = (): void => void attempt(() => mcp.save(name, sameAgain(server))).then(seen)
  toasts.say(t('tools.removed.toast', { name }), secrets ? null : { label: t('action.undo'), run: undo })
  await seen()
}
