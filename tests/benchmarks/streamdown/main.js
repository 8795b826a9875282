// streamdown as its readme shows it, fed the events that our window is fed: `?go` follows an answer as it is
// written, `?messages=N` shows a conversation of so many messages at once.
import { createElement, useEffect, useRef, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { Streamdown } from 'streamdown'
import { code } from '@streamdown/code'
import { math } from '@streamdown/math'
import 'streamdown/styles.css'

const plugins = { code, math }
const page = document.getElementById('page')

function Answer() {
  const [text, setText] = useState('')
  const [writing, setWriting] = useState(true)
  const end = useRef(null)
  useEffect(() => {
    void follow((more) => setText((before) => before + more)).then(() => setWriting(false))
  }, [])
  useEffect(() => {
    page.scrollTop = page.scrollHeight
  }, [text])
  return createElement('div', { ref: end }, createElement(Streamdown, { plugins, isAnimating: writing }, text))
}

async function follow(grew) {
  const response = await fetch('/answer')
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    const events = (rest + value).split('\n\n')
    rest = events.pop()
    for (const event of events) grew(JSON.parse(event.slice('data: '.length)).text)
  }
  document.body.dataset.ended = '1'
}

async function conversation(count) {
  const messages = await (await fetch(`/conversation?count=${count}`)).json()
  const since = performance.now()
  createRoot(page).render(
    createElement(
      'div',
      null,
      messages.map(({ id, text }) => createElement(Streamdown, { key: id, plugins, mode: 'static' }, text)),
    ),
  )
  requestAnimationFrame(() => requestAnimationFrame(() => (document.body.dataset.took = performance.now() - since)))
}

const wish = new URLSearchParams(location.search)
if (wish.has('messages')) void conversation(Number(wish.get('messages')))
else window.go = () => createRoot(page).render(createElement(Answer))
